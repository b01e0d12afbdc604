//! The colours of errors and warnings.
//!
//! JupyterLab has one palette for the escape sequences of terminals, and shows it on light and on dark. None of its
//! colours can be read on all of these grounds, nor can any other colour: what is dark enough for the light red ground
//! of an error is too dark for the dark red one. What is coloured has therefore a ground of its own, and what is only
//! to stand out is bold, in the colour of the text around it.

mod html;

pub(super) use html::code_at_start;
pub(super) use html::explanation;
pub(super) use html::html;
pub(super) use threadbook_jupyter::colours::ERROR;
pub(super) use threadbook_jupyter::colours::RESET;

/// What stands out.
pub(super) const STRONG: &str = "\x1b[1m";
/// Draws rustc's messages in these colours.
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
