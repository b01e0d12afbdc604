//! What the types of widgets have in common.

/// What each widget has: its displays, its text, and its place in boxes.
macro_rules! shown {
    ($name:ident) => {
        impl $name {
            /// Shows the widget as an output of the cell whose code calls this.
            #[track_caller]
            pub fn show(&self) {
                $crate::widgets::shows::show(&self.0.0);
            }

            /// Removes the widget from the front end. Showing it again makes a new one there.
            pub fn close(&self) {
                self.0.0.close();
            }

            #[doc(hidden)]
            pub fn evcxr_display(&self) {
                $crate::widgets::shows::show_result(&self.0.0);
            }
        }

        impl $crate::widgets::model::Modelled for $name {
            fn model(&self) -> &$crate::widgets::model::ModelRef {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0.0.text())
            }
        }
    };
}
pub(super) use shown;

/// What each widget has that can be labelled and disabled.
macro_rules! control {
    ($name:ident) => {
        $crate::widgets::shown::shown!($name);

        impl $name {
            /// The widget with a label.
            #[must_use]
            pub fn with_description(self, description: impl Into<String>) -> $name {
                self.set_description(description);
                self
            }

            /// Changes the label.
            pub fn set_description(&self, description: impl Into<String>) {
                self.0.0.set("description", description.into());
            }

            /// Whether the person can change or click the widget, which is so at first.
            pub fn set_enabled(&self, is_enabled: bool) {
                self.0.0.set("disabled", !is_enabled);
            }
        }
    };
}
pub(super) use control;
