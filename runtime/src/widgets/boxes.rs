//! Widgets that hold others.

use std::sync::Arc;

use serde_json::json;

use super::Widget;
use super::kind;
use super::kind::Kind;
use super::model::Model;
use super::model::ModelRef;
use super::shown::shown;

/// Widgets beside each other.
///
/// ```
/// use threadbook::widgets::Button;
/// use threadbook::widgets::HBox;
/// use threadbook::widgets::Label;
///
/// let button = Button::new("Start");
/// let label = Label::new("nothing runs");
/// let row = HBox::new(&[&button, &label]);
/// assert_eq!(format!("{row:?}"), r#"HBox(Button(description="Start"), Label(value="nothing runs"))"#);
/// ```
#[derive(Clone)]
pub struct HBox(ModelRef);

shown!(HBox);

impl HBox {
    /// Holds these widgets, from left to right.
    pub fn new(children: &[&dyn Widget]) -> HBox {
        HBox(of(&kind::HBOX, children))
    }
}

/// Widgets below each other.
///
/// ```
/// use threadbook::widgets::HBox;
/// use threadbook::widgets::Label;
/// use threadbook::widgets::VBox;
///
/// let [left, right, below] = ["left", "right", "below"].map(Label::new);
/// VBox::new(&[&HBox::new(&[&left, &right]), &below]).show();
/// ```
#[derive(Clone)]
pub struct VBox(ModelRef);

shown!(VBox);

impl VBox {
    /// Holds these widgets, from top to bottom.
    pub fn new(children: &[&dyn Widget]) -> VBox {
        VBox(of(&kind::VBOX, children))
    }
}

fn of(kind: &'static Kind, children: &[&dyn Widget]) -> ModelRef {
    let model = Model::new(kind, json!({}));
    let children = children.iter();
    model.set_children(children.map(|child| Arc::clone(&child.model().0)).collect());
    ModelRef(model)
}
