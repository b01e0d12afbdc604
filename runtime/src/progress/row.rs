//! How one bar looks, as text and as HTML. Pure.

use std::time::Duration;

/// How many characters a full bar has.
const WIDTH: u64 = 20;

/// What is drawn of a bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) position: u64,
    pub(super) total: Option<u64>,
    /// How long it has been at work.
    pub(super) took: Duration,
    pub(super) has_ended: bool,
}

impl Row {
    /// One line, such as `pages  40% |████████            | 2/5 [00:01<00:02, 1.5/s]`.
    pub(super) fn text(&self) -> String {
        let name = match self.name.as_str() {
            "" => String::new(),
            name => format!("{name} "),
        };
        match self.percent() {
            Some(percent) => {
                let filled = usize::try_from(percent * WIDTH / 100).unwrap_or_default();
                let rest = usize::try_from(WIDTH).unwrap_or_default() - filled;
                let bar = format!("{}{}", "█".repeat(filled), " ".repeat(rest));
                format!("{name}{percent:>3}% |{bar}| {}", self.numbers())
            }
            None => format!("{name}{}", self.numbers()),
        }
    }

    /// The same with a drawn bar. It has the colour of the text, which every theme makes readable.
    pub(super) fn html(&self) -> String {
        let name = escaped(&self.name);
        let numbers = escaped(&self.numbers());
        let Some(percent) = self.percent() else {
            return format!("<div style=\"font-family:monospace\">{name} {numbers}</div>");
        };
        format!(
            "<div style=\"font-family:monospace\">{name} <span style=\"display:inline-block;vertical-align:middle;width:15em;\
             height:0.8em;border:1px solid currentColor\"><span style=\"display:block;height:100%;width:{percent}%;\
             background:currentColor;opacity:0.6\"></span></span> {percent}% {numbers}</div>"
        )
    }

    fn percent(&self) -> Option<u64> {
        let total = self.total?;
        let percent = u128::from(self.position.min(total)) * 100;
        // Nothing to do is done.
        let percent = percent.checked_div(u128::from(total)).unwrap_or(100);
        u64::try_from(percent).ok()
    }

    fn numbers(&self) -> String {
        let Row { position, took, .. } = self;
        let of = self.total.map(|total| format!("/{total}"));
        let mut text = format!("{position}{} [{}", of.unwrap_or_default(), clock(*took));
        if let Some(left) = self.left().filter(|_| !self.has_ended) {
            text.push_str(&format!("<{}", clock(left)));
        }
        if let Some(speed) = self.speed() {
            text.push_str(&format!(", {}", per_second(speed)));
        }
        text + "]"
    }

    /// Steps in a second.
    fn speed(&self) -> Option<f64> {
        let seconds = self.took.as_secs_f64();
        (self.position > 0 && seconds > 0.0).then(|| self.position as f64 / seconds)
    }

    /// How long the rest takes if it goes on so.
    fn left(&self) -> Option<Duration> {
        let steps = self.total?.saturating_sub(self.position);
        Duration::try_from_secs_f64(steps as f64 / self.speed()?).ok()
    }
}

/// Minutes and seconds, with hours where there are some.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// What is slow is shown by the time of a step.
fn per_second(speed: f64) -> String {
    match speed {
        _ if speed >= 1e6 => format!("{:.1}M/s", speed / 1e6),
        _ if speed >= 1e4 => format!("{:.1}k/s", speed / 1e3),
        _ if speed >= 1.0 => format!("{speed:.1}/s"),
        _ => format!("{:.1} s each", 1.0 / speed),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(position: u64, total: Option<u64>, took_ms: u64) -> Row {
        Row {
            name: String::new(),
            position,
            total,
            took: Duration::from_millis(took_ms),
            has_ended: false,
        }
    }

    #[test]
    fn a_row_is_a_bar_and_its_numbers() {
        for (row, text) in [
            (
                row(2, Some(5), 1000),
                " 40% |████████            | 2/5 [00:01<00:01, 2.0/s]",
            ),
            (
                Row {
                    name: "pages".to_owned(),
                    has_ended: true,
                    ..row(5, Some(5), 5_025_000)
                },
                "pages 100% |████████████████████| 5/5 [1:23:45, 1005.0 s each]",
            ),
            (
                row(0, Some(3), 0),
                "  0% |                    | 0/3 [00:00]",
            ),
            (
                row(0, Some(0), 0),
                "100% |████████████████████| 0/0 [00:00]",
            ),
            (row(50_000, None, 1000), "50000 [00:01, 50.0k/s]"),
            (
                row(7, Some(5), 1000),
                "100% |████████████████████| 7/5 [00:01<00:00, 7.0/s]",
            ),
        ] {
            assert_eq!(row.text(), text);
        }
    }

    #[test]
    fn html_has_the_same_numbers_and_no_tags_of_a_name() {
        let row = Row {
            name: "<b>".to_owned(),
            ..row(2, Some(5), 1000)
        };
        let html = row.html();
        assert!(html.contains("&lt;b&gt;") && html.contains("40% 2/5 [00:01&lt;00:01, 2.0/s]"));
        assert!(html.contains("width:40%"));
    }
}
