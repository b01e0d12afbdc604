//! Where one Rust statement ends and another can begin, seen token by token.

use super::super::lexer::TokenKind;

/// The statement that is being read, at one depth of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    kind: Kind,
    /// How many tokens of it were read.
    tokens: usize,
    /// Whether its first `=` has been read.
    assigned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing of it yet.
    New,
    /// Nothing of it yet, and the one before ended with a block, so that it may still go on: `else`, a method.
    AfterBlock,
    /// After an attribute.
    Attributed,
    /// It ends with its block: `if`, `fn`, `impl`.
    Block,
    /// It ends with `;`.
    Plain,
    /// `const`, `async`: the next word decides.
    Undecided,
    /// A path, of which a macro may come.
    Path,
    /// A macro: with braces it ends with them.
    Macro,
}

impl Statement {
    pub(super) const NEW: Statement = Statement {
        kind: Kind::New,
        tokens: 0,
        assigned: false,
    };

    /// Whether a statement can begin here.
    pub(super) fn can_begin(self) -> bool {
        matches!(self.kind, Kind::New | Kind::AfterBlock)
    }

    /// Whether the next `=` gives a new or an old variable its value.
    pub(super) fn can_assign(self, first_word: &str) -> bool {
        !self.assigned && (first_word == "let" || (self.tokens == 1 && self.kind == Kind::Path))
    }

    /// A token at this depth; an opening bracket counts, what is inside does not.
    pub(super) fn token(&mut self, kind: TokenKind, text: &str) {
        if kind == TokenKind::Semi {
            *self = Statement::NEW;
            return;
        }
        self.tokens += 1;
        self.assigned |= kind == TokenKind::Eq;
        self.kind = match (self.kind, kind) {
            (Kind::AfterBlock, TokenKind::Dot | TokenKind::Question) => Kind::Plain,
            (Kind::AfterBlock, TokenKind::Ident) if text == "else" => Kind::Block,
            (Kind::New | Kind::AfterBlock | Kind::Attributed, _) => {
                self.tokens = 1;
                self.assigned = false;
                first(kind, text)
            }
            (Kind::Undecided, TokenKind::Ident) if matches!(text, "fn" | "unsafe" | "extern") => {
                Kind::Block
            }
            (Kind::Undecided, TokenKind::OpenBrace) => Kind::Block,
            (Kind::Undecided, _) => Kind::Plain,
            (Kind::Path, TokenKind::Bang) => Kind::Macro,
            (Kind::Path, TokenKind::Ident | TokenKind::Colon) => Kind::Path,
            (Kind::Path, _) => Kind::Plain,
            (Kind::Macro, TokenKind::OpenBrace) => Kind::Block,
            (Kind::Macro, _) => Kind::Plain,
            (kind, _) => kind,
        };
    }

    /// A brace that was opened at this depth is closed.
    pub(super) fn brace_closed(&mut self) {
        if self.kind == Kind::Block {
            *self = Statement {
                kind: Kind::AfterBlock,
                ..Statement::NEW
            };
        }
    }

    /// An attribute has ended. An inner one is a statement of its own.
    pub(super) fn attribute_closed(&mut self, is_inner: bool) {
        *self = Statement {
            kind: if is_inner {
                Kind::New
            } else {
                Kind::Attributed
            },
            ..Statement::NEW
        };
    }

    /// Whether only an attribute was there so far.
    pub(super) fn is_attributed(self) -> bool {
        self.kind == Kind::Attributed
    }
}

/// What a statement is by its first token.
fn first(kind: TokenKind, text: &str) -> Kind {
    const BLOCKS: [&str; 17] = [
        "if",
        "match",
        "for",
        "while",
        "loop",
        "unsafe",
        "fn",
        "pub",
        "impl",
        "struct",
        "enum",
        "union",
        "trait",
        "mod",
        "extern",
        "macro_rules",
        "auto",
    ];
    const PLAIN: [&str; 13] = [
        "let", "use", "type", "static", "return", "break", "continue", "move", "yield", "true",
        "false", "box", "await",
    ];
    match kind {
        TokenKind::OpenBrace => Kind::Block,
        // A label.
        TokenKind::Lifetime { .. } => Kind::Block,
        TokenKind::Ident if BLOCKS.contains(&text) => Kind::Block,
        TokenKind::Ident if PLAIN.contains(&text) => Kind::Plain,
        TokenKind::Ident if matches!(text, "const" | "async") => Kind::Undecided,
        TokenKind::Ident | TokenKind::RawIdent | TokenKind::Colon => Kind::Path,
        _ => Kind::Plain,
    }
}
