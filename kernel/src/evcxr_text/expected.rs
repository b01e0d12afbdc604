//! Whether a generated text has the parts that are looked for.
//!
//! The kernel changes evcxr's text by its parts. With another evcxr, a part may be missed: then a marker would be
//! printed, or a variable lost, far from the cause. So each text is checked first, line by line, but for the person's own
//! statements and items.

use std::fmt;

use super::VERSION;
use super::generated;
use super::generated::Frame;

/// The statement with which a session begins. It has evcxr generate code that may await and return errors from the start.
/// Until it has run, evcxr's text lacks the parts for that.
pub(crate) const BEGINNING: &str = "async { Ok::<(), std::fmt::Error>(()) }.await?;\n";

/// What a text lacks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    part: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "evcxr's generated text is not the expected one: `{}` is missing or not understood (this kernel is made for \
             evcxr {VERSION}; please report this)",
            self.part.trim()
        )
    }
}

/// Checks a text of a session.
pub(crate) fn check(source: &str) -> Result<(), Missing> {
    if source.contains(BEGINNING) || source.ends_with(generated::ITEMS_ONLY) {
        return Ok(());
    }
    let errors = after(source, generated::ERROR)?;
    let formats = generated::ERROR_FORMATS;
    if !formats.iter().any(|format| errors.contains(format)) {
        return Err(missing(formats[1]));
    }
    if let Some(at) = source.rfind(generated::ANALYSED_FUNCTION) {
        return after(&source[at..], generated::ANALYSIS).map(drop);
    }
    let store = after(source, generated::STORE)?;
    // A text may have the words in the person's own code, so all else is looked for from the store on.
    let function = after(store, generated::STORE_END)?;
    let (_, begun) = split(function, generated::STORE_READY)?;
    let (_, checks) = split(begun, generated::CHECKS)?;
    let (checks, taken) = split(checks, generated::CHECKS_END)?;
    each_line(checks, |line| generated::check_of_line(line).is_some())?;
    let (taken, _) = split(taken, generated::ASYNC)?;
    each_line(taken, |line| {
        generated::take_of_line(line).is_some() || generated::is_about_catching(line)
    })?;
    let frame = Frame::find(source).ok_or_else(|| missing(generated::STATEMENTS_END))?;
    let middle = &source[frame.body.end..frame.old.start];
    let (_, catching) = split(middle, generated::ASYNC_END)?;
    each_line(catching, generated::is_about_catching)?;
    match source[frame.old.end..] == *generated::FUNCTION_END {
        true => Ok(()),
        false => Err(missing(generated::FUNCTION_END)),
    }
}

/// The text behind the last occurrence of a part.
fn after<'a>(text: &'a str, part: &str) -> Result<&'a str, Missing> {
    let at = text.rfind(part).ok_or_else(|| missing(part))?;
    Ok(&text[at + part.len()..])
}

fn split<'a>(text: &'a str, part: &str) -> Result<(&'a str, &'a str), Missing> {
    text.split_once(part).ok_or_else(|| missing(part))
}

/// Checks that each line is of a known kind.
fn each_line(text: &str, is_known: impl Fn(&str) -> bool) -> Result<(), Missing> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    match lines.find(|line| !is_known(line)) {
        Some(line) => Err(missing(line)),
        None => Ok(()),
    }
}

fn missing(part: &str) -> Missing {
    Missing {
        part: part.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::text;
    use super::super::shapes::texts;
    use super::*;

    #[test]
    fn every_shape_is_understood() {
        let texts = texts();
        assert!(texts.len() > 12, "{}", texts.len());
        for (name, text) in texts {
            assert_eq!(check(&text), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_line_that_is_missing_or_another_one_is_an_error() {
        for name in ["value", "variable_that_is_used", "variable_that_is_moved"] {
            let text = text(name);
            let frame = Frame::find(&text).unwrap();
            let first = text.rfind(generated::ERROR).unwrap();
            let mut tried = 0;
            let mut at = 0;
            for line in text.split_inclusive('\n') {
                let range = at..at + line.len();
                at = range.end;
                let is_persons = frame.body.contains(&range.start);
                let is_of_store = |part| {
                    generated::check_of_line(line).is_some()
                        || generated::take_of_line(line).is_some()
                        || line.starts_with(part)
                };
                if range.start < first || is_persons || line.trim().is_empty() {
                    continue;
                }
                let mut changed = text.clone();
                changed.replace_range(range.clone(), &line.replace('e', "3"));
                let is_looked_for = check(&changed).is_err();
                tried += usize::from(is_looked_for);
                assert!(
                    is_looked_for || !is_of_store(generated::PUT),
                    "{name}: {line}"
                );
            }
            assert!(tried >= 12, "{name}: {tried}");
        }
    }

    #[test]
    fn the_error_names_the_part_and_the_version() {
        let changed = text("value").replace("lazy_arc", "lazy_box");
        assert_eq!(
            check(&changed).unwrap_err().to_string(),
            "evcxr's generated text is not the expected one: `let mut mutex =\nevcxr_variable_store.lazy_arc(\
             \"evcxr_tokio_runtime\"` is missing or not understood (this kernel is made for evcxr 0.22; please report this)"
        );
    }

    #[test]
    fn what_the_kernel_changes_is_found_in_what_evcxr_generates() {
        for (name, part) in [
            ("value", generated::DISPLAY),
            ("value_without_debug", generated::SEND),
            ("value", generated::PANICKED),
            ("error_as_debug", generated::ERROR_FORMATS[1]),
            ("item", generated::ITEMS_ONLY),
            ("only_checked", generated::ANALYSIS),
        ] {
            assert!(text(name).contains(part), "{name}: {part}");
        }
        assert!(generated::catches_panics(&text("value")));
    }
}
