//! The colours of errors and warnings.
//!
//! JupyterLab has one palette for the escape sequences of terminals, and shows it on light and on dark. None of its
//! colours can be read on all of these grounds, nor can any other colour: what is dark enough for the light red ground
//! of an error is too dark for the dark red one. What is coloured has therefore a ground of its own, and what is only
//! to stand out is bold, in the colour of the text around it.

#[cfg(feature = "evcxr")]
mod html;

#[cfg(feature = "evcxr")]
pub(super) use html::code_at_start;
#[cfg(feature = "evcxr")]
pub(super) use html::explanation;
#[cfg(feature = "evcxr")]
pub(super) use html::html;

/// What an error is about: white on dark red.
pub(super) const ERROR: &str = "\x1b[1;38;5;231;48;5;124m";
/// What stands out.
#[cfg(feature = "evcxr")]
pub(super) const STRONG: &str = "\x1b[1m";
/// As the text before.
pub(super) const RESET: &str = "\x1b[0m";

/// Draws rustc's messages in these colours.
#[cfg(feature = "evcxr")]
pub(super) fn renderer() -> annotate_snippets::Renderer {
    use annotate_snippets::renderer::Ansi256Color;
    use annotate_snippets::renderer::Style;

    let strong = Style::new().bold();
    let on = |text: u8, ground: u8| {
        strong
            .fg_color(Some(Ansi256Color(text).into()))
            .bg_color(Some(Ansi256Color(ground).into()))
    };
    let (white, black) = (231, 16);
    let (red, yellow, green) = (124, 220, 22);
    annotate_snippets::Renderer::styled()
        .error(on(white, red))
        .warning(on(black, yellow))
        .info(strong)
        .note(strong)
        .help(strong)
        .emphasis(strong)
        .context(strong)
        .line_num(Style::new())
        .addition(on(white, green))
        .removal(on(white, red))
}
