//! Widgets with a value that the person changes.

use std::ops::RangeInclusive;

use serde_json::Value;
use serde_json::json;

use super::kind;
use super::model::Model;
use super::model::ModelRef;
use super::model::VALUE;
use super::shown::control;

/// A slider for whole numbers.
///
/// ```
/// use threadbook::widgets::IntSlider;
///
/// let slider = IntSlider::new(0..=10).with_value(3).with_description("workers");
/// slider.on_change(|value| println!("{value} workers"));
/// slider.set_value(12);
/// assert_eq!(slider.value(), 10);
/// ```
#[derive(Clone)]
pub struct IntSlider(ModelRef);

control!(IntSlider);

impl IntSlider {
    /// A slider over the numbers of a range, which begins at the first of them.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    pub fn new(range: RangeInclusive<i64>) -> IntSlider {
        let state = range_state(range, 1);
        IntSlider(ModelRef(Model::new(&kind::INT_SLIDER, state)))
    }

    /// The slider at a number, as by [`set_value`](IntSlider::set_value).
    #[must_use]
    pub fn with_value(self, value: i64) -> IntSlider {
        self.set_value(value);
        self
    }

    /// The slider with another distance between two numbers than 1.
    #[must_use]
    pub fn with_step(self, step: i64) -> IntSlider {
        self.0.0.set("step", step);
        self
    }

    /// Whether [`on_change`](IntSlider::on_change) is called while the slider is dragged, which is so at first, or only
    /// when it is released.
    #[must_use]
    pub fn with_continuous_update(self, is_continuous: bool) -> IntSlider {
        self.0.0.set("continuous_update", is_continuous);
        self
    }

    /// The number that the slider is at.
    pub fn value(&self) -> i64 {
        integer(&self.0.0.get(VALUE))
    }

    /// Moves the slider to a number, or to the end of its range that is nearer.
    pub fn set_value(&self, value: i64) {
        let [min, max] = ["min", "max"].map(|name| integer(&self.0.0.get(name)));
        self.0.0.set(VALUE, value.clamp(min, max.max(min)));
    }

    /// Calls a function with the new number when the person has moved the slider, in the place of the function that was
    /// given before. See [the module](super#callbacks).
    pub fn on_change(&self, mut callback: impl FnMut(i64) + Send + 'static) {
        self.0.0.on_event(Box::new(move |value| {
            if value.is_number() {
                callback(integer(&value));
            }
        }));
    }
}

/// A slider for numbers with a fraction.
///
/// ```
/// use threadbook::widgets::FloatSlider;
///
/// let slider = FloatSlider::new(0.0..=1.0).with_value(0.25);
/// slider.on_change(|value| println!("{value:.2}"));
/// assert_eq!(slider.value(), 0.25);
/// ```
#[derive(Clone)]
pub struct FloatSlider(ModelRef);

control!(FloatSlider);

impl FloatSlider {
    /// A slider over a range, which begins at its start and has a hundred steps.
    ///
    /// # Panics
    ///
    /// When the range is empty, or one of its ends is not finite.
    pub fn new(range: RangeInclusive<f64>) -> FloatSlider {
        let (min, max) = range.into_inner();
        assert!(
            min <= max && min.is_finite() && max.is_finite(),
            "a slider from `{min}` to `{max}` has no numbers (expected a start that is not above the end)"
        );
        let step = match max - min {
            0.0 => 0.1,
            width => width / 100.0,
        };
        let state = json!({"value": min, "min": min, "max": max, "step": step});
        FloatSlider(ModelRef(Model::new(&kind::FLOAT_SLIDER, state)))
    }

    /// The slider at a number, as by [`set_value`](FloatSlider::set_value).
    #[must_use]
    pub fn with_value(self, value: f64) -> FloatSlider {
        self.set_value(value);
        self
    }

    /// The slider with another distance between two numbers.
    #[must_use]
    pub fn with_step(self, step: f64) -> FloatSlider {
        self.0.0.set("step", step);
        self
    }

    /// Whether [`on_change`](FloatSlider::on_change) is called while the slider is dragged, which is so at first, or only
    /// when it is released.
    #[must_use]
    pub fn with_continuous_update(self, is_continuous: bool) -> FloatSlider {
        self.0.0.set("continuous_update", is_continuous);
        self
    }

    /// The number that the slider is at.
    pub fn value(&self) -> f64 {
        self.0.0.get(VALUE).as_f64().unwrap_or_default()
    }

    /// Moves the slider to a number, or to the end of its range that is nearer. NaN changes nothing.
    pub fn set_value(&self, value: f64) {
        let [min, max] = ["min", "max"].map(|name| self.0.0.get(name).as_f64().unwrap_or_default());
        if !value.is_nan() {
            self.0.0.set(VALUE, value.min(max).max(min));
        }
    }

    /// Calls a function with the new number when the person has moved the slider, in the place of the function that was
    /// given before. See [the module](super#callbacks).
    pub fn on_change(&self, mut callback: impl FnMut(f64) + Send + 'static) {
        self.0.0.on_event(Box::new(move |value| {
            if let Some(value) = value.as_f64() {
                callback(value);
            }
        }));
    }
}

/// A box that is ticked or not.
///
/// ```
/// use threadbook::widgets::Checkbox;
///
/// let checkbox = Checkbox::new(false).with_description("show all");
/// checkbox.on_change(|is_checked| println!("{is_checked}"));
/// checkbox.set_value(true);
/// assert!(checkbox.value());
/// ```
#[derive(Clone)]
pub struct Checkbox(ModelRef);

control!(Checkbox);

impl Checkbox {
    /// A box that is ticked at first, or not.
    pub fn new(value: bool) -> Checkbox {
        let state = json!({"value": value});
        Checkbox(ModelRef(Model::new(&kind::CHECKBOX, state)))
    }

    /// Whether it is ticked.
    pub fn value(&self) -> bool {
        self.0.0.get(VALUE).as_bool().unwrap_or_default()
    }

    /// Ticks it, or not.
    pub fn set_value(&self, value: bool) {
        self.0.0.set(VALUE, value);
    }

    /// Calls a function with the new value when the person has clicked the box, in the place of the function that was given
    /// before. See [the module](super#callbacks).
    pub fn on_change(&self, mut callback: impl FnMut(bool) + Send + 'static) {
        self.0.0.on_event(Box::new(move |value| {
            if let Some(value) = value.as_bool() {
                callback(value);
            }
        }));
    }
}

/// A field for a line of text.
///
/// ```
/// use threadbook::widgets::Text;
///
/// let name = Text::new("Ada").with_placeholder("your name");
/// name.on_change(|text| println!("hello, {text}"));
/// assert_eq!(name.value(), "Ada");
/// ```
#[derive(Clone)]
pub struct Text(ModelRef);

control!(Text);

impl Text {
    /// A field that contains a text at first.
    pub fn new(value: impl Into<String>) -> Text {
        let state = json!({"value": value.into()});
        Text(ModelRef(Model::new(&kind::TEXT, state)))
    }

    /// The field with a text that is shown while it is empty.
    #[must_use]
    pub fn with_placeholder(self, placeholder: impl Into<String>) -> Text {
        self.0.0.set("placeholder", placeholder.into());
        self
    }

    /// Whether [`on_change`](Text::on_change) is called with each letter, which is so at first, or only when the person
    /// presses Enter or leaves the field.
    #[must_use]
    pub fn with_continuous_update(self, is_continuous: bool) -> Text {
        self.0.0.set("continuous_update", is_continuous);
        self
    }

    /// The text in the field.
    pub fn value(&self) -> String {
        string(&self.0.0.get(VALUE))
    }

    /// Changes the text in the field.
    pub fn set_value(&self, value: impl Into<String>) {
        self.0.0.set(VALUE, value.into());
    }

    /// Calls a function with the new text when the person has changed it, in the place of the function that was given
    /// before. See [the module](super#callbacks).
    pub fn on_change(&self, mut callback: impl FnMut(String) + Send + 'static) {
        self.0.0.on_event(Box::new(move |value| {
            if let Some(text) = value.as_str() {
                callback(text.to_owned());
            }
        }));
    }
}

/// A bar that shows how far something has come. [`progress`](mod@crate::progress) makes bars that need no widgets.
///
/// ```
/// use threadbook::widgets::IntProgress;
///
/// let bar = IntProgress::new(0..=100);
/// bar.set_value(50);
/// bar.advance(1);
/// assert_eq!(bar.value(), 51);
/// ```
#[derive(Clone)]
pub struct IntProgress(ModelRef);

control!(IntProgress);

impl IntProgress {
    /// A bar that is empty at the start of a range, and full at its end.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    pub fn new(range: RangeInclusive<i64>) -> IntProgress {
        let state = range_state(range, 1);
        IntProgress(ModelRef(Model::new(&kind::INT_PROGRESS, state)))
    }

    /// How far it is.
    pub fn value(&self) -> i64 {
        integer(&self.0.0.get(VALUE))
    }

    /// Sets how far it is; the front end draws no more than a full bar.
    pub fn set_value(&self, value: i64) {
        self.0.0.set(VALUE, value);
    }

    /// Adds to how far it is. Several threads may do so at the same time.
    pub fn advance(&self, steps: i64) {
        self.0.0.change(VALUE, |value| {
            *value = integer(value).saturating_add(steps).into();
        });
    }
}

/// A line of text that the program changes.
///
/// ```
/// use threadbook::widgets::Label;
///
/// let label = Label::new("waiting");
/// label.set_value("done");
/// assert_eq!(label.value(), "done");
/// ```
#[derive(Clone)]
pub struct Label(ModelRef);

super::shown::shown!(Label);

impl Label {
    /// A text.
    pub fn new(value: impl Into<String>) -> Label {
        let state = json!({"value": value.into()});
        Label(ModelRef(Model::new(&kind::LABEL, state)))
    }

    /// The text.
    pub fn value(&self) -> String {
        string(&self.0.0.get(VALUE))
    }

    /// Changes the text.
    pub fn set_value(&self, value: impl Into<String>) {
        self.0.0.set(VALUE, value.into());
    }
}

fn range_state(range: RangeInclusive<i64>, step: i64) -> Value {
    let (min, max) = range.into_inner();
    assert!(
        min <= max,
        "the range `{min}..={max}` is empty (expected a start that is not above the end)"
    );
    json!({"value": min, "min": min, "max": max, "step": step})
}

/// A number of the front end, whose numbers are all of one type.
fn integer(value: &Value) -> i64 {
    let rounded = || value.as_f64().unwrap_or_default().round() as i64;
    value.as_i64().unwrap_or_else(rounded)
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
