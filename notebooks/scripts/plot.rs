//! Bars and lines as SVG pictures that can be read on a light and on a dark page.
//!
//! ```text
//! %use plot from scripts/plot.rs
//! plot::bars("Downloading 13 pages", "s", &[("one by one", 2.7), ("8 threads", 0.4)]);
//! ```

use std::fmt::Write;

/// Colours whose contrast to white and to a dark grey is at least 3.
const COLOURS: [&str; 4] = ["#3b82c4", "#d9622b", "#3d9a5f", "#a65fc0"];
/// The colour of words and axes: as readable on white as on black.
const INK: &str = "#767676";
const WIDTH: f64 = 640.0;

/// Shows horizontal bars with their values, each with the unit behind it.
pub fn bars(title: &str, unit: &str, bars: &[(&str, f64)]) {
    const ROW: f64 = 30.0;
    let longest = bars.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) as f64;
    let left = (longest * 7.5 + 16.0).min(WIDTH / 2.0);
    let room = WIDTH - left - 90.0;
    let most = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let mut picture = begin(title, 40.0 + ROW * bars.len() as f64);
    for (row, (name, value)) in bars.iter().enumerate() {
        let top = 36.0 + ROW * row as f64;
        let length = (room * value / most).max(1.0);
        word(&mut picture, (left - 8.0, top + 16.0), "end", name);
        let _ = write!(
            picture,
            r#"<rect x="{left}" y="{top}" width="{length:.1}" height="22" rx="2" fill="{}"/>"#,
            COLOURS[0]
        );
        word(&mut picture, (left + length + 6.0, top + 16.0), "start", &format!("{} {unit}", short(*value)));
    }
    show(picture);
}

/// Shows lines through points, one for each name; both axes begin at 0.
pub fn lines(title: &str, x: &str, y: &str, lines: &[(&str, &[(f64, f64)])]) {
    const TOP: f64 = 52.0;
    const BOTTOM: f64 = 276.0;
    const LEFT: f64 = 70.0;
    const RIGHT: f64 = WIDTH - 150.0;
    let points = || lines.iter().flat_map(|(_, points)| points.iter());
    let most_x = points().map(|point| point.0).fold(f64::MIN_POSITIVE, f64::max);
    let most_y = points().map(|point| point.1).fold(f64::MIN_POSITIVE, f64::max);
    let place = |point: &(f64, f64)| {
        (LEFT + (RIGHT - LEFT) * point.0 / most_x, BOTTOM - (BOTTOM - TOP) * point.1 / most_y)
    };
    let mut picture = begin(title, BOTTOM + 44.0);
    let _ = write!(
        picture,
        r#"<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="{INK}"/>"#
    );
    for part in 0..=4 {
        let share = f64::from(part) / 4.0;
        let (right, up) = place(&(most_x * share, most_y * share));
        word(&mut picture, (right, BOTTOM + 18.0), "middle", &short(most_x * share));
        word(&mut picture, (LEFT - 8.0, up + 4.0), "end", &short(most_y * share));
    }
    word(&mut picture, ((LEFT + RIGHT) / 2.0, BOTTOM + 38.0), "middle", x);
    word(&mut picture, (LEFT, TOP - 8.0), "start", y);
    for (index, (name, points)) in lines.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let path: Vec<String> = points.iter().map(|point| place(point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            picture,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2.5"/>"#,
            path.join(" ")
        );
        for (x, y) in points.iter().map(|point| place(point)) {
            let _ = write!(picture, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" fill="{colour}"/>"#);
        }
        let row = TOP + 10.0 + 20.0 * index as f64;
        let _ = write!(picture, r#"<circle cx="{}" cy="{}" r="5" fill="{colour}"/>"#, RIGHT + 18.0, row - 4.0);
        word(&mut picture, (RIGHT + 30.0, row), "start", name);
    }
    show(picture);
}

fn begin(title: &str, height: f64) -> String {
    let mut picture = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" style="max-width:100%" role="img" font-family="sans-serif" font-size="13">"#
    );
    let _ = write!(
        picture,
        r#"<title>{0}</title><text x="4" y="16" font-size="15" font-weight="bold" fill="{INK}">{0}</text>"#,
        escaped(title)
    );
    picture
}

fn word(picture: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = escaped(text);
    let _ = write!(picture, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{INK}">{text}</text>"#);
}

fn show(mut picture: String) {
    picture.push_str("</svg>");
    threadbook::display::svg(picture);
}

/// Three digits that matter.
fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
