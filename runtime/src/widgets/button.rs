//! Buttons.

use serde_json::json;

use super::kind;
use super::model::Model;
use super::model::ModelRef;
use super::shown::control;

/// A button.
///
/// ```
/// use threadbook::widgets::Button;
///
/// let mut clicks = 0;
/// let button = Button::new("Count");
/// button.on_click(move || {
///     clicks += 1;
///     println!("{clicks}");
/// });
/// ```
#[derive(Clone)]
pub struct Button(ModelRef);

control!(Button);

impl Button {
    /// A button with a text on it.
    pub fn new(description: impl Into<String>) -> Button {
        let state = json!({"description": description.into()});
        Button(ModelRef(Model::new(&kind::BUTTON, state)))
    }

    /// Calls a function when the person has clicked the button, in the place of the function that was given before. See
    /// [the module](super#callbacks).
    pub fn on_click(&self, mut callback: impl FnMut() + Send + 'static) {
        self.0.0.on_event(Box::new(move |content| {
            if content["event"] == "click" {
                callback();
            }
        }));
    }
}
