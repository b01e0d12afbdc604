//! Patterns with `*` and `?`, as the protocol's search has them.

/// A pattern.
pub(super) struct Glob(Vec<char>);

impl Glob {
    pub(super) fn new(pattern: &str) -> Glob {
        Glob(pattern.chars().collect())
    }

    /// Whether it matches all of a text. Takes time of the order of both lengths multiplied, whatever the pattern.
    pub(super) fn matches(&self, text: &str) -> bool {
        let pattern = &self.0;
        let text: Vec<char> = text.chars().collect();
        let (mut p, mut t) = (0, 0);
        let mut star = None;
        while t < text.len() {
            match pattern.get(p) {
                Some('*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(wanted) if *wanted == '?' || text.get(t) == Some(wanted) => {
                    p += 1;
                    t += 1;
                }
                _ => {
                    let Some((star_p, star_t)) = star else {
                        return false;
                    };
                    star = Some((star_p, star_t + 1));
                    p = star_p + 1;
                    t = star_t + 1;
                }
            }
        }
        pattern[p..].iter().all(|rest| *rest == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_whole_texts() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("?", "", false),
            ("?", "ü", true),
            ("let * = *;", "let a = 1;", true),
            ("let * = *;", "let a = 1; ", false),
            ("*a*", "let\na = 1", true),
            ("a", "ab", false),
            ("", "", true),
            ("**b", "aab", true),
            ("*ab", "aab", true),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(text),
                expected,
                "{pattern:?} {text:?}"
            );
        }
    }

    #[test]
    fn many_stars_take_no_more_time() {
        let pattern = "*a".repeat(300);
        assert!(!Glob::new(&(pattern + "b")).matches(&"a".repeat(3000)));
    }
}
