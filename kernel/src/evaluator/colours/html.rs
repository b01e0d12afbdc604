//! Text with the escape sequences of terminals as HTML, for displays.

/// Where the explanations of error codes are.
const EXPLANATIONS: &str = "https://doc.rust-lang.org/error_codes";

/// How a stretch of text looks. Colours are numbers of the palette of 256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    is_bold: bool,
    text: Option<u8>,
    ground: Option<u8>,
}

/// The text of a message in a `<pre>`. Error codes are links to their explanations.
pub(in crate::evaluator) fn html(text: &str) -> String {
    let mut html = String::new();
    for (look, part) in parts(text) {
        let part = with_links(&escaped(part));
        match look.style() {
            Some(style) => html.push_str(&format!("<span style=\"{style}\">{part}</span>")),
            None => html.push_str(&part),
        }
    }
    format!("<pre>{html}</pre>")
}

/// The address of the explanation of an error code such as `E0382`.
pub(in crate::evaluator) fn explanation(code: &str) -> String {
    format!("{EXPLANATIONS}/{code}.html")
}

/// The error code at the start of a text behind a bracket: `E0382` of `E0382]: borrow of moved value`.
pub(in crate::evaluator) fn code_at_start(text: &str) -> Option<&str> {
    let code = text.get(..5)?;
    let digits = code.strip_prefix('E')?;
    let is_code = digits.bytes().all(|byte| byte.is_ascii_digit()) && text[5..].starts_with(']');
    is_code.then_some(code)
}

impl Look {
    /// A style of CSS, where the text is not as its surroundings.
    fn style(self) -> Option<String> {
        let mut style = Vec::new();
        if let Some(number) = self.text {
            style.push(format!("color: {}", css(number)));
        }
        if let Some(number) = self.ground {
            style.push(format!("background-color: {}", css(number)));
        }
        if self.is_bold {
            style.push("font-weight: bold".to_owned());
        }
        (!style.is_empty()).then(|| style.join("; "))
    }

    fn after(mut self, codes: &str) -> Look {
        let mut codes = codes.split(';');
        while let Some(code) = codes.next() {
            match code {
                "" | "0" => self = Look::default(),
                "1" => self.is_bold = true,
                "38" | "48" => {
                    // Of extended colours only the palette's are used here: `38;5;NUMBER`.
                    let number = codes.nth(1).and_then(|number| number.parse().ok());
                    match code {
                        "38" => self.text = number,
                        _ => self.ground = number,
                    }
                }
                _ => {}
            }
        }
        self
    }
}

/// Stretches of text that look the same.
fn parts(text: &str) -> Vec<(Look, &str)> {
    let mut parts = Vec::new();
    let mut look = Look::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        parts.push((look, before));
        let Some((codes, after)) = after.split_once('m') else {
            return parts;
        };
        look = look.after(codes);
        rest = after;
    }
    parts.push((look, rest));
    parts.retain(|(_, part)| !part.is_empty());
    parts
}

/// Red, green and blue of a colour of the palette's cube, where all colours of this program are.
fn rgb(number: u8) -> [u8; 3] {
    let number = number.saturating_sub(16);
    [number / 36, number / 6 % 6, number % 6].map(|level| match level {
        0 => 0,
        level => 55 + 40 * level,
    })
}

fn css(number: u8) -> String {
    let [red, green, blue] = rgb(number);
    format!("rgb({red}, {green}, {blue})")
}

fn with_links(html: &str) -> String {
    let mut linked = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('[') {
        linked.push_str(before);
        linked.push('[');
        rest = after;
        if let Some(code) = code_at_start(after) {
            let address = explanation(code);
            // As the text around it, whose contrast is known.
            linked.push_str(&format!(
                "<a href=\"{address}\" target=\"_blank\" style=\"color: inherit; text-decoration: underline\">{code}</a>"
            ));
            rest = &after[code.len()..];
        }
    }
    linked.push_str(rest);
    linked
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use annotate_snippets::AnnotationKind;
    use annotate_snippets::Group;
    use annotate_snippets::Level;
    use annotate_snippets::Patch;
    use annotate_snippets::Snippet;

    use super::super::ERROR;
    use super::super::RESET;
    use super::super::STRONG;
    use super::super::renderer;
    use super::*;

    /// The backgrounds on which JupyterLab 4.6 shows text
    /// (`jupyterlab/packages/theme-*-extension/style/variables.css`): the name of the background, its colour, and the
    /// text's own colour there (`--jp-content-font-color1`).
    const GROUNDS: [(&str, [f64; 3], [f64; 3]); 6] = [
        ("light, a cell's output", [255.0; 3], [33.15; 3]),
        ("light, an error", [255.0, 221.0, 221.0], LIGHT_ON_ERROR),
        ("dark, a cell's output", [17.0; 3], [255.0; 3]),
        ("dark, layout colour 1", [33.0; 3], [255.0; 3]),
        ("dark, an error", DARK_ERROR, [255.0; 3]),
        (
            "dark, an error on layout colour 1",
            DARK_ERROR_1,
            [255.0; 3],
        ),
    ];
    /// The colour `rgba(0, 0, 0, .87)` on `#fdd`.
    const LIGHT_ON_ERROR: [f64; 3] = [33.15, 28.73, 28.73];
    /// The colour `--jp-rendermime-error-background`, `rgba(244, 67, 54, .28)`, on `#111`.
    const DARK_ERROR: [f64; 3] = [80.56, 31.0, 27.36];
    /// The same colour on `#212121`.
    const DARK_ERROR_1: [f64; 3] = [92.08, 42.52, 38.88];

    /// The contrast of WCAG 2. A ratio of 4.5 is enough for text of any size.
    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let luminance = |colour: [f64; 3]| {
            let linear = |value: f64| match value / 255.0 {
                value if value <= 0.04045 => value / 12.92,
                value => ((value + 0.055) / 1.055).powf(2.4),
            };
            let [red, green, blue] = colour.map(linear);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// A message with all elements that have colours.
    fn drawn(level: Level<'static>) -> String {
        let source = "let a = v;\nlet b = v;\nf(a)";
        let marks = Snippet::source(source)
            .path("cell 1")
            .annotation(AnnotationKind::Primary.span(19..20).label("used here"))
            .annotation(AnnotationKind::Context.span(8..9).label("moved here"));
        let patch = Snippet::source(source).patch(Patch::new(8..9, "v.clone()"));
        let groups: Vec<Group<'_>> = vec![
            level
                .primary_title("use of moved value: `v`")
                .id("E0382")
                .element(marks)
                .element(Level::NOTE.message("it has no `Copy`")),
            Level::HELP.secondary_title("clone it").element(patch),
        ];
        renderer().render(&groups)
    }

    #[test]
    fn every_colour_can_be_read_on_light_and_on_dark() {
        let own = format!("{ERROR}Panic{RESET}: no {STRONG}-->{RESET} cell 1");
        for text in [drawn(Level::ERROR), drawn(Level::WARNING), own] {
            let parts = parts(&text);
            assert!(
                parts.iter().any(|(look, _)| look.ground.is_some()),
                "{text}"
            );
            for (look, part) in parts {
                for (name, ground, text) in GROUNDS {
                    let of = |number: u8| rgb(number).map(f64::from);
                    let ratio =
                        contrast(look.text.map_or(text, of), look.ground.map_or(ground, of));
                    assert!(ratio >= 4.5, "{name}: {ratio:.1} of {part:?} as {look:?}");
                }
            }
        }
    }

    #[test]
    fn no_colour_of_the_basic_palette_is_used() {
        // Basic colours differ between front ends, and JupyterLab shows bold ones in other colours again.
        for text in [drawn(Level::ERROR), drawn(Level::WARNING)] {
            for codes in text.split("\x1b[").skip(1) {
                let codes = codes.split('m').next().unwrap();
                let is_basic = codes.len() == 2 && codes.starts_with(['3', '4', '9']);
                assert!(!is_basic, "{codes} in {text:?}");
            }
        }
    }

    #[test]
    fn the_contrast_is_that_of_the_definition() {
        assert!((contrast([0.0; 3], [255.0; 3]) - 21.0).abs() < 0.01);
        // An error's name was bold red before, which JupyterLab's dark theme draws as `#b22b31`.
        let before = contrast([178.0, 43.0, 49.0], DARK_ERROR);
        assert!(before < 2.5, "{before}");
    }

    #[test]
    fn html_has_the_same_text_and_links_of_codes() {
        assert_eq!(
            html("\x1b[1m\x1b[38;5;231m\x1b[48;5;124merror[E0382]\x1b[0m: `Vec<u8>` & [E1]\n"),
            "<pre><span style=\"color: rgb(255, 255, 255); background-color: rgb(175, 0, 0); font-weight: bold\">error[\
             <a href=\"https://doc.rust-lang.org/error_codes/E0382.html\" target=\"_blank\" style=\"color: inherit; \
             text-decoration: underline\">E0382</a>]</span>: `Vec&lt;u8&gt;` &amp; [E1]\n</pre>"
        );
    }
}
