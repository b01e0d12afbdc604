//! Variables that can't be kept for later cells: what evcxr says of them, in our words.

use super::Diagnostic;
use super::builds::Builds;
use super::diagnostics;

/// The error, where evcxr's message is about such a variable.
pub(super) fn diagnostic(message: &str, builds: &Builds) -> Option<Diagnostic> {
    let (name, words) = reworded(message)?;
    let place = builds.describe_variable(name);
    Some(diagnostics::unkept(&words, place.as_ref()))
}

/// Names such a variable and says why it can't be kept and what to do.
fn reworded(message: &str) -> Option<(&str, String)> {
    const BLOCK: &str = "put the lines that use it in a block: `{ ... }`";
    let (name, what) = message
        .strip_prefix("The variable `")
        .or_else(|| message.strip_prefix("Couldn't automatically determine type of variable `"))?
        .split_once('`')?;
    let words = if what.starts_with(" contains a reference") {
        format!(
            "the variable `{name}` borrows from another, so it can't be kept for later cells ({BLOCK})"
        )
    } else if what.starts_with(" is a closure") {
        format!(
            "the variable `{name}` is a closure, whose type has no name, so it can't be kept for later cells (write a `fn`, give \
             it a type: `let {name}: Box<dyn Fn(..) -> ..> = Box::new(..)`, or {BLOCK})"
        )
    } else if let Some(rest) = what.strip_prefix(" has type `") {
        let (type_name, _) = rest.split_once("` which cannot be persisted")?;
        let remedy = match type_name {
            future if future.starts_with("impl Future") || future.starts_with("{async") => {
                "`.await` it, `tokio::spawn` it"
            }
            _ => "`collect` it if it is an iterator",
        };
        format!(
            "the type of the variable `{name}`, `{type_name}`, can't be written, so it can't be kept for later cells ({remedy}, box \
             it: `let {name}: Box<dyn ..> = Box::new(..)`, or {BLOCK})"
        )
    } else if what.starts_with('.') {
        format!(
            "the type of the variable `{name}` is not known, so it can't be kept for later cells (write it: `let {name}: ..`)"
        )
    } else {
        return None;
    };
    Some((name, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_evcxr_says_is_said_with_a_remedy() {
        for (message, name, words) in [
            (
                "The variable `g` contains a reference with a non-static lifetime so\ncan't be persisted. You",
                "g",
                "borrows from another",
            ),
            (
                "The variable `f` is a closure, which cannot be persisted.\nYou can",
                "f",
                "write a `fn`",
            ),
            (
                "The variable `a` has type `impl Future<Output = i32>` which cannot be persisted.\nYou",
                "a",
                "`.await` it",
            ),
            (
                "The variable `i` has type `Map<A, impl FnMut(u8) -> u8>` which cannot be persisted.\nYou",
                "i",
                "`collect` it",
            ),
            (
                "Couldn't automatically determine type of variable `x`.\nPlease",
                "x",
                "`let x: ..`",
            ),
        ] {
            let (found, text) = reworded(message).unwrap();
            assert_eq!(found, name);
            assert!(text.contains(words), "{text}");
        }
        assert!(reworded("The variable `x` was moved").is_none());
        assert!(reworded("cannot find value `x` in this scope").is_none());
    }
}
