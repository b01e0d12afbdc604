//! The names by which the front end finds the code of a widget.

use serde_json::Map;
use serde_json::Value;

const BASE: &str = "@jupyter-widgets/base";
const CONTROLS: &str = "@jupyter-widgets/controls";
const OUTPUT: &str = "@jupyter-widgets/output";

/// What a model is in the front end.
#[derive(Debug)]
pub(super) struct Kind {
    /// The name without `Model` and `View` behind it.
    pub(super) name: &'static str,
    /// What holds its model, and in which version.
    module: (&'static str, &'static str),
    /// The view's name, and what holds it, where these do not follow from the other fields.
    view: Option<(&'static str, &'static str)>,
    /// The name of its style's model, if it has one.
    pub(super) style: Option<&'static Kind>,
    /// Whether it is shown by itself: then it has a layout.
    pub(super) has_layout: bool,
    /// The entries of its state that its text shows.
    pub(super) text: &'static [&'static str],
}

/// The size and place of a widget.
pub(super) static LAYOUT: Kind = Kind {
    name: "Layout",
    module: (BASE, "2.0.0"),
    view: None,
    style: None,
    has_layout: false,
    text: &[],
};

const fn style(name: &'static str) -> Kind {
    Kind {
        name,
        module: (CONTROLS, "2.0.0"),
        view: Some(("StyleView", BASE)),
        style: None,
        has_layout: false,
        text: &[],
    }
}

const fn control(
    name: &'static str,
    style: Option<&'static Kind>,
    text: &'static [&'static str],
) -> Kind {
    Kind {
        name,
        module: (CONTROLS, "2.0.0"),
        view: None,
        style,
        has_layout: true,
        text,
    }
}

static SLIDER_STYLE: Kind = style("SliderStyle");
static CHECKBOX_STYLE: Kind = style("CheckboxStyle");
static TEXT_STYLE: Kind = style("TextStyle");
static BUTTON_STYLE: Kind = style("ButtonStyle");
static PROGRESS_STYLE: Kind = style("ProgressStyle");
static LABEL_STYLE: Kind = style("LabelStyle");

pub(super) static INT_SLIDER: Kind = control(
    "IntSlider",
    Some(&SLIDER_STYLE),
    &["value", "min", "max", "description"],
);
pub(super) static FLOAT_SLIDER: Kind = control(
    "FloatSlider",
    Some(&SLIDER_STYLE),
    &["value", "min", "max", "description"],
);
pub(super) static CHECKBOX: Kind =
    control("Checkbox", Some(&CHECKBOX_STYLE), &["value", "description"]);
pub(super) static TEXT: Kind = control("Text", Some(&TEXT_STYLE), &["value", "description"]);
pub(super) static BUTTON: Kind = control("Button", Some(&BUTTON_STYLE), &["description"]);
pub(super) static INT_PROGRESS: Kind = Kind {
    view: Some(("ProgressView", CONTROLS)),
    ..control(
        "IntProgress",
        Some(&PROGRESS_STYLE),
        &["value", "min", "max", "description"],
    )
};
pub(super) static LABEL: Kind = control("Label", Some(&LABEL_STYLE), &["value"]);
pub(super) static HBOX: Kind = control("HBox", None, &[]);
pub(super) static VBOX: Kind = control("VBox", None, &[]);
pub(super) static OUTPUT_AREA: Kind = Kind {
    module: (OUTPUT, "1.0.0"),
    ..control("Output", None, &[])
};

impl Kind {
    /// The entries of a model's state that say what it is.
    pub(super) fn entries(&self) -> Map<String, Value> {
        let (module, version) = self.module;
        let (view, view_module) = match self.view {
            Some((view, module)) => (view.to_owned(), module),
            None => (format!("{}View", self.name), module),
        };
        let entries = [
            ("_model_name", self.model_name()),
            ("_model_module", module.to_owned()),
            ("_model_module_version", version.to_owned()),
            ("_view_name", view),
            ("_view_module", view_module.to_owned()),
            ("_view_module_version", version.to_owned()),
        ];
        let entries = entries.map(|(name, text)| (name.to_owned(), text.into()));
        entries.into_iter().collect()
    }

    pub(super) fn model_name(&self) -> String {
        format!("{}Model", self.name)
    }
}
