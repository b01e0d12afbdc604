//! Widgets: sliders, buttons and other controls below a cell, which call functions of cells.
//!
//! They are those of [ipywidgets](https://ipywidgets.readthedocs.io), made by Rust. A widget that ends a cell is shown;
//! [`show`](IntSlider::show) shows one elsewhere.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::AtomicI64;
//! use std::sync::atomic::Ordering;
//! use threadbook::widgets;
//!
//! let speed = Arc::new(AtomicI64::new(1));
//! let slider = widgets::IntSlider::new(1..=10).with_description("speed");
//! let changed = Arc::clone(&speed);
//! slider.on_change(move |value| changed.store(value, Ordering::Relaxed));
//! slider.show();
//! ```
//!
//! # Callbacks
//!
//! [`on_change`](IntSlider::on_change) and [`on_click`](Button::on_click) take a function that is called when the person
//! in front of the notebook changes or clicks something, also while a cell runs. The rules are those of
//! [`comm`](crate::comm#callbacks): one function after another, on a thread of the worker; what they print appears under
//! the cell whose code they are; a panic is shown, and the widget goes on. A function that is given later takes the place
//! of the earlier one. A change by the program ([`set_value`](IntSlider::set_value)) calls no function.
//!
//! # The life of a widget
//!
//! A widget exists in the front end from the moment at which it is first shown, also as part of a box, until
//! [`close`](IntSlider::close), `%reset` or the end of the session. Dropping the last handle does not remove it. A clone is
//! the same widget.
//!
//! After a crash, `%undo` and `%restore`, widgets have the values of the state that the session goes back to, and what is
//! shown is set to them. Widgets that were first shown by what is given up are closed.
//!
//! # Where nothing shows widgets
//!
//! JupyterLab, Jupyter Notebook and VS Code show widgets if the package `ipywidgets` or `jupyterlab_widgets` is installed
//! in the environment of the *server*. Elsewhere, as in a console or under `threadbook run`, a widget is shown as text:
//! `IntSlider(value=3, min=0, max=10)`.
//!
//! In a process of [`process`](crate::process), setting a value changes what is shown, but not the widget of the process
//! that runs cells.

mod boxes;
mod button;
mod control;
mod kind;
mod model;
mod output;
mod shown;
mod shows;
mod values;

pub use boxes::HBox;
pub use boxes::VBox;
pub use button::Button;
pub use output::Output;
pub use values::Checkbox;
pub use values::FloatSlider;
pub use values::IntProgress;
pub use values::IntSlider;
pub use values::Label;
pub use values::Text;

/// Any widget: what boxes take.
///
/// The trait is sealed: its implementations are the widgets of this module.
pub trait Widget: model::Modelled {}

impl<T: model::Modelled> Widget for T {}

#[cfg(test)]
mod tests;
