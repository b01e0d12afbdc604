//! Rich output: HTML, pictures, Markdown, LaTeX, JSON, tables, and displays that change in place.
//!
//! Each function shows its content at once, under the cell that calls it, as often as it is called. The [`Display`] it
//! gives back can replace the content later, also from another cell or a thread:
//!
//! ```
//! use threadbook::display;
//!
//! let progress = display::text("0 %");
//! for percent in [50, 100] {
//!     progress.update_text(format!("{percent} %"));
//! }
//! ```
//!
//! Dropping the handle leaves what is shown. A panic or an interrupt between two updates leaves the last one.
//!
//! # Example: a type that has a display of its own
//!
//! A cell that ends in a value shows its `Debug` text, unless the type has a method `evcxr_display`:
//!
//! ```
//! use threadbook::display;
//!
//! struct Bar(u32);
//!
//! impl Bar {
//!     fn evcxr_display(&self) {
//!         display::html(format!("<meter max=100 value={}></meter>", self.0));
//!     }
//! }
//! # Bar(3).evcxr_display();
//! ```

mod table;

pub(crate) use table::Table;
pub(crate) use table::fields;
pub use table::table;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::Error;
use crate::wire::Report;
use crate::worker;

/// Something shown that can be replaced.
#[derive(Clone, Debug)]
pub struct Display {
    id: String,
}

/// Shows plain text.
#[track_caller]
pub fn text(text: impl Into<String>) -> Display {
    show(bundle([("text/plain", text.into())]))
}

/// Shows HTML.
///
/// ```
/// threadbook::display::html("<b>bold</b>");
/// ```
#[track_caller]
pub fn html(html: impl Into<String>) -> Display {
    show(with_text("text/html", html.into()))
}

/// Shows an SVG picture.
#[track_caller]
pub fn svg(svg: impl Into<String>) -> Display {
    show(with_text("image/svg+xml", svg.into()))
}

/// Shows Markdown.
#[track_caller]
pub fn markdown(markdown: impl Into<String>) -> Display {
    show(with_text("text/markdown", markdown.into()))
}

/// Shows LaTeX, for example `$e^{i\pi} = -1$`.
#[track_caller]
pub fn latex(latex: impl Into<String>) -> Display {
    show(with_text("text/latex", latex.into()))
}

/// Shows a PNG picture, given as the bytes of a PNG file.
#[track_caller]
pub fn png(png: impl AsRef<[u8]>) -> Display {
    show(picture("image/png", "PNG", png.as_ref()))
}

/// Shows a JPEG picture, given as the bytes of a JPEG file.
#[track_caller]
pub fn jpeg(jpeg: impl AsRef<[u8]>) -> Display {
    show(picture("image/jpeg", "JPEG", jpeg.as_ref()))
}

/// Shows the picture in the bytes of a PNG, JPEG, GIF, WebP or SVG file, which it distinguishes by how they begin.
///
/// # Errors
///
/// When they begin as none of these does.
///
/// # Example: bytes that are no picture
///
/// ```
/// let error = threadbook::display::image(b"plain text").unwrap_err();
/// assert!(error.is_unknown_image());
/// ```
#[track_caller]
pub fn image(file: impl AsRef<[u8]>) -> crate::Result<Display> {
    let file = file.as_ref();
    let data = match file {
        [0x89, b'P', b'N', b'G', ..] => picture("image/png", "PNG", file),
        [0xff, 0xd8, 0xff, ..] => picture("image/jpeg", "JPEG", file),
        [b'G', b'I', b'F', b'8', ..] => picture("image/gif", "GIF", file),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => picture("image/webp", "WebP", file),
        _ => match std::str::from_utf8(file) {
            Ok(text) if text.trim_start().starts_with('<') && text.contains("<svg") => {
                with_text("image/svg+xml", text.to_owned())
            }
            _ => return Err(Error::unknown_image()),
        },
    };
    Ok(show(data))
}

/// Shows any serialisable value as a tree that can be opened and closed. Fields keep their order.
///
/// # Errors
///
/// When the value's own serialisation fails, for example on a map whose keys are not strings.
///
/// ```
/// threadbook::display::json(&vec![1, 2, 3])?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[track_caller]
pub fn json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Display> {
    // As text, since an object in memory has its keys sorted.
    let json = serde_json::to_string(value)?;
    let data = bundle([("text/plain", json.clone())]);
    Ok(show_with_json(data, Some(json)))
}

/// Shows one thing in several forms; the front end takes the richest it can show.
///
/// ```
/// threadbook::display::mime([("text/html", "<b>7</b>"), ("text/plain", "7")]);
/// ```
#[track_caller]
pub fn mime<K: Into<String>, V: Into<Value>>(forms: impl IntoIterator<Item = (K, V)>) -> Display {
    show(bundle(forms))
}

/// Takes away what the cell has shown so far; with `wait`, only when the next output comes, so that nothing flickers.
#[track_caller]
pub fn clear_output(wait: bool) {
    worker::report(&Report::Clear {
        load: worker::load_of_caller(),
        wait,
    });
}

impl Display {
    /// Replaces the content by plain text.
    #[track_caller]
    pub fn update_text(&self, text: impl Into<String>) {
        self.update(bundle([("text/plain", text.into())]));
    }

    /// Replaces the content by HTML.
    #[track_caller]
    pub fn update_html(&self, html: impl Into<String>) {
        self.update(with_text("text/html", html.into()));
    }

    /// Replaces the content by Markdown.
    #[track_caller]
    pub fn update_markdown(&self, markdown: impl Into<String>) {
        self.update(with_text("text/markdown", markdown.into()));
    }

    /// Replaces the content by an SVG picture.
    #[track_caller]
    pub fn update_svg(&self, svg: impl Into<String>) {
        self.update(with_text("image/svg+xml", svg.into()));
    }

    /// Replaces the content by one thing in several forms.
    #[track_caller]
    pub fn update_mime<K: Into<String>, V: Into<Value>>(
        &self,
        forms: impl IntoIterator<Item = (K, V)>,
    ) {
        self.update(bundle(forms));
    }

    /// A handle that ends a cell shows nothing more than it has shown.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {}

    #[track_caller]
    fn update(&self, data: Map<String, Value>) {
        worker::report(&Report::Display {
            load: worker::load_of_caller(),
            data,
            json: None,
            id: Some(self.id.clone()),
            update: true,
        });
    }
}

#[track_caller]
fn show(data: Map<String, Value>) -> Display {
    show_with_json(data, None)
}

#[track_caller]
fn show_with_json(data: Map<String, Value>, json: Option<String>) -> Display {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // By the pid, displays of two kernels, or of a restarted worker, differ.
    let id = format!(
        "threadbook-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    worker::report(&Report::Display {
        load: worker::load_of_caller(),
        data,
        json,
        id: Some(id.clone()),
        update: false,
    });
    Display { id }
}

fn bundle<K: Into<String>, V: Into<Value>>(
    forms: impl IntoIterator<Item = (K, V)>,
) -> Map<String, Value> {
    forms
        .into_iter()
        .map(|(mime, value)| (mime.into(), value.into()))
        .collect()
}

/// Front ends that show no pictures show a description.
fn picture(mime: &str, format: &str, file: &[u8]) -> Map<String, Value> {
    let text = format!("<{format} image, {} bytes>", file.len());
    bundle([(mime, base64(file)), ("text/plain", text)])
}

/// Front ends without the rich form, and notebooks read as text, show the source.
fn with_text(mime: &str, source: String) -> Map<String, Value> {
    bundle([(mime, source.clone()), ("text/plain", source)])
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = ALPHABET[(group >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() {
                letter.into()
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_pads_as_the_rfc_does() {
        for (input, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(input.as_bytes()), expected);
        }
    }
}
