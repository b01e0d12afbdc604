//! Types of variables that are plain to see: they spare rust-analyzer the libraries, which it reads for seconds.
//!
//! Each type found here is a guess, and is written into the cell as if the person had written it. rustc rejects a wrong
//! one, and the cell is compiled again without any.

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasArgList;
use ra_ap_syntax::ast::HasGenericArgs;
use ra_ap_syntax::ast::HasGenericParams;
use ra_ap_syntax::ast::HasModuleItem;
use ra_ap_syntax::ast::HasName;

use super::Edits;
use super::locals::lets;
use super::range;

/// Types of one value each, which `new` takes.
const WRAPPERS: [&str; 9] = [
    "Arc", "Box", "Cell", "Mutex", "OnceCell", "Rc", "RefCell", "Reverse", "RwLock",
];
/// Other types with parameters: their constructors do not show them.
const GENERIC: [&str; 12] = [
    "BTreeMap",
    "BTreeSet",
    "BinaryHeap",
    "HashMap",
    "HashSet",
    "LazyLock",
    "LinkedList",
    "OnceLock",
    "Option",
    "Vec",
    "VecDeque",
    "Weak",
];
/// Functions of a type that give a value of it.
const CONSTRUCTORS: [&str; 11] = [
    "default",
    "from",
    "from_micros",
    "from_millis",
    "from_nanos",
    "from_secs",
    "from_secs_f32",
    "from_secs_f64",
    "new",
    "now",
    "with_capacity",
];
/// Those that may fail.
const FALLIBLE: [&str; 4] = ["bind", "connect", "create", "open"];
const NUMBERS: [&str; 14] = [
    "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "u128", "u16", "u32", "u64", "u8",
    "usize",
];

/// What is known of a name in a session.
pub(crate) trait Names {
    /// The type of a variable.
    fn type_of_variable(&self, name: &str) -> Option<String>;

    /// The text of an item.
    fn text_of_item(&self, name: &str) -> Option<&str>;
}

/// Puts in the types of a cell's variables; nothing where one of them is not plain to see.
pub(crate) fn plain_types(text: &str, names: &dyn Names) -> Option<Edits> {
    let mut guess = Guess {
        names,
        bound: Vec::new(),
    };
    let mut put_in = Vec::new();
    for (statement, bound) in lets(text) {
        if bound.is_empty() {
            continue;
        }
        let ast::Pat::IdentPat(pattern) = statement.pat()? else {
            return None;
        };
        let name = pattern.name()?.text().to_string();
        let is_plain = pattern.at_token().is_none()
            && pattern.ref_token().is_none()
            && statement.let_else().is_none();
        let ty = match statement.ty() {
            _ if !is_plain => return None,
            Some(written) if !written.syntax().text().to_string().contains('_') => {
                written.syntax().text().to_string()
            }
            Some(_) => return None,
            None => {
                let ty = guess.of(&statement.initializer()?)?;
                put_in.push((range(pattern.syntax(), text).end, format!(": {ty}")));
                ty
            }
        };
        guess.bound.push((name, ty));
    }
    Some(Edits::insertions(put_in))
}

struct Guess<'a> {
    names: &'a dyn Names,
    /// The variables of the cell so far, with their types.
    bound: Vec<(String, String)>,
}

impl Guess<'_> {
    fn of(&self, value: &ast::Expr) -> Option<String> {
        match value {
            ast::Expr::Literal(literal) => literal_type(literal),
            ast::Expr::ParenExpr(inner) => self.of(&inner.expr()?),
            ast::Expr::PrefixExpr(negated) => self
                .of(&negated.expr()?)
                .filter(|ty| negated.op_kind() != Some(ast::UnaryOp::Deref) && is_primitive(ty)),
            ast::Expr::BinExpr(operation) => self.of_operation(operation),
            ast::Expr::CastExpr(cast) => {
                let ty = cast.ty()?.syntax().text().to_string();
                NUMBERS.contains(&ty.as_str()).then_some(ty)
            }
            ast::Expr::ArrayExpr(array) => self.of_array(array),
            ast::Expr::TupleExpr(tuple) => {
                let types: Option<Vec<String>> =
                    tuple.fields().map(|part| self.of(&part)).collect();
                let types = types?;
                Some(match types.as_slice() {
                    [only] => format!("({only},)"),
                    types => format!("({})", types.join(", ")),
                })
            }
            ast::Expr::MacroExpr(call) => self.of_macro(&call.macro_call()?),
            ast::Expr::CallExpr(call) => self.of_call(call),
            ast::Expr::AwaitExpr(awaited) => match awaited.expr()? {
                ast::Expr::CallExpr(call) => self.of_function(&single_name(&call.expr()?)?, true),
                _ => None,
            },
            ast::Expr::TryExpr(tried) => self.of_success(&tried.expr()?),
            ast::Expr::RecordExpr(record) => self.of_named(&record.path()?),
            ast::Expr::PathExpr(path) => self.of_path(&path.path()?),
            ast::Expr::MethodCallExpr(call) => self.of_method(call),
            _ => None,
        }
    }

    fn of_operation(&self, operation: &ast::BinExpr) -> Option<String> {
        match operation.op_kind()? {
            ast::BinaryOp::LogicOp(_) | ast::BinaryOp::CmpOp(_) => Some("bool".to_owned()),
            ast::BinaryOp::ArithOp(_) => {
                let (left, right) = (operation.lhs()?, operation.rhs()?);
                // A number without a suffix has the type of the other one.
                let decisive = match is_bare_number(&left) {
                    true => &right,
                    false => &left,
                };
                self.of(decisive)
                    .filter(|ty| NUMBERS.contains(&ty.as_str()))
            }
            ast::BinaryOp::Assignment { .. } => None,
        }
    }

    fn of_array(&self, array: &ast::ArrayExpr) -> Option<String> {
        match array.kind() {
            ast::ArrayExprKind::Repeat {
                initializer,
                repeat,
            } => Some(format!(
                "[{}; {}]",
                self.of(&initializer?)?,
                repeat?.syntax().text()
            )),
            ast::ArrayExprKind::ElementList(elements) => {
                let elements: Vec<ast::Expr> = elements.collect();
                Some(format!(
                    "[{}; {}]",
                    self.of_elements(&elements)?,
                    elements.len()
                ))
            }
        }
    }

    /// The type of the elements of a list: that of the first one that is more than a bare number.
    fn of_elements(&self, elements: &[ast::Expr]) -> Option<String> {
        let decisive = elements.iter().find(|element| !is_bare_number(element));
        self.of(decisive.or(elements.first())?)
    }

    fn of_macro(&self, call: &ast::MacroCall) -> Option<String> {
        let path = call.path()?.syntax().text().to_string();
        match path.as_str() {
            "format" => Some("String".to_owned()),
            "vec" => {
                let tokens = call.token_tree()?.syntax().text().to_string();
                let inner = tokens.get(1..tokens.len() - 1)?;
                let array = parsed_array(inner)?;
                let ty = match array.kind() {
                    ast::ArrayExprKind::Repeat { initializer, .. } => self.of(&initializer?)?,
                    ast::ArrayExprKind::ElementList(elements) => {
                        self.of_elements(&elements.collect::<Vec<_>>())?
                    }
                };
                Some(format!("Vec<{ty}>"))
            }
            _ => None,
        }
    }

    fn of_call(&self, call: &ast::CallExpr) -> Option<String> {
        let ast::Expr::PathExpr(callee) = call.expr()? else {
            return None;
        };
        let path = callee.path()?;
        let args: Vec<ast::Expr> = call.arg_list()?.args().collect();
        let name = path.segment()?.name_ref()?.text().to_string();
        let Some(owner) = path.qualifier() else {
            return match (name.as_str(), args.as_slice()) {
                ("Some", [value]) => Some(format!("Option<{}>", self.of(value)?)),
                _ if is_type_name(&name) => self.of_named(&path),
                _ => self.of_function(&name, false),
            };
        };
        let owner_name = owner.segment()?.name_ref()?.text().to_string();
        let owner_text = owner.syntax().text().to_string();
        match (owner_name.as_str(), name.as_str(), args.as_slice()) {
            ("Arc" | "Rc", "clone", [ast::Expr::RefExpr(of)]) => self.of(&of.expr()?),
            ("thread", "spawn", [ast::Expr::ClosureExpr(closure)]) => {
                let ty = self.of_body(&closure.body()?)?;
                Some(format!("{owner_text}::JoinHandle<{ty}>"))
            }
            ("tokio", "spawn", [body @ ast::Expr::BlockExpr(_)]) => {
                Some(format!("tokio::task::JoinHandle<{}>", self.of_body(body)?))
            }
            (owner, _, _) if !is_type_name(owner) => None,
            // An enum's variant.
            (_, variant, _) if is_type_name(variant) => self.of_named(&owner),
            (_, constructor, _) if !CONSTRUCTORS.contains(&constructor) => None,
            _ if owner_text.contains("::<") => Some(owner_text.replacen("::<", "<", 1)),
            (wrapper, "new", [value]) if WRAPPERS.contains(&wrapper) => {
                Some(format!("{owner_text}<{}>", self.of(value)?))
            }
            (owner, ..) if WRAPPERS.contains(&owner) || GENERIC.contains(&owner) => None,
            _ => self.of_named(&owner),
        }
    }

    /// What a function of a type gives where it succeeds.
    fn of_success(&self, value: &ast::Expr) -> Option<String> {
        match value {
            ast::Expr::AwaitExpr(awaited) => self.of_success(&awaited.expr()?),
            ast::Expr::CallExpr(call) => {
                let ast::Expr::PathExpr(callee) = call.expr()? else {
                    return None;
                };
                let path = callee.path()?;
                let name = path.segment()?.name_ref()?.text().to_string();
                let is_fallible = FALLIBLE.contains(&name.as_str());
                self.of_named(&path.qualifier().filter(|_| is_fallible)?)
            }
            ast::Expr::MethodCallExpr(call) if call.name_ref()?.text() == "parse" => {
                given_type(call)
            }
            _ => None,
        }
    }

    /// What the body of a closure or of an `async` block gives.
    fn of_body(&self, body: &ast::Expr) -> Option<String> {
        let ast::Expr::BlockExpr(block) = body else {
            return self.of(body);
        };
        match block.stmt_list()?.tail_expr() {
            None => Some("()".to_owned()),
            Some(ast::Expr::ForExpr(_) | ast::Expr::WhileExpr(_)) => Some("()".to_owned()),
            Some(tail) => self.of(&tail),
        }
    }

    /// What a function of the session gives.
    fn of_function(&self, name: &str, awaits: bool) -> Option<String> {
        let ast::Item::Fn(function) = self.item(name)? else {
            return None;
        };
        if function.generic_param_list().is_some() || function.async_token().is_some() != awaits {
            return None;
        }
        let Some(ty) = function.ret_type() else {
            return Some("()".to_owned());
        };
        let ty = ty.ty()?.syntax().text().to_string();
        let is_whole = !ty.contains(['&', '\'', '_', '!']) && !ty.contains("impl ");
        is_whole.then_some(ty)
    }

    /// The type that a path names, if it has no parameters as far as is known.
    fn of_named(&self, path: &ast::Path) -> Option<String> {
        let name = path.segment()?.name_ref()?.text().to_string();
        if path.segment()?.generic_arg_list().is_some() {
            return None;
        }
        if path.qualifier().is_none() && self.names.text_of_item(&name).is_some() {
            let is_generic = match self.item(&name)? {
                ast::Item::Struct(item) => item.generic_param_list().is_some(),
                ast::Item::Enum(item) => item.generic_param_list().is_some(),
                ast::Item::TypeAlias(item) => item.generic_param_list().is_some(),
                ast::Item::Use(_) => false,
                _ => true,
            };
            if is_generic {
                return None;
            }
        }
        let is_unknown = WRAPPERS.contains(&name.as_str()) || GENERIC.contains(&name.as_str());
        (is_type_name(&name) && !is_unknown).then(|| path.syntax().text().to_string())
    }

    fn of_path(&self, path: &ast::Path) -> Option<String> {
        let name = path.segment()?.name_ref()?.text().to_string();
        if let Some(owner) = path.qualifier() {
            let owner_name = owner.segment()?.name_ref()?.text().to_string();
            // A variant without values.
            return match is_type_name(&owner_name) && is_type_name(&name) {
                true => self.of_named(&owner),
                false => None,
            };
        }
        let bound = self.bound.iter().rev().find(|(bound, _)| *bound == name);
        if let Some((_, ty)) = bound {
            return Some(ty.clone());
        }
        match self.names.text_of_item(&name) {
            // A struct without fields.
            Some(_) if is_type_name(&name) => self.of_named(path),
            Some(_) => None,
            None => self.names.type_of_variable(&name),
        }
    }

    fn of_method(&self, call: &ast::MethodCallExpr) -> Option<String> {
        let name = call.name_ref()?.text().to_string();
        match name.as_str() {
            "to_string" | "to_uppercase" | "to_lowercase" => Some("String".to_owned()),
            "to_owned" => self
                .of(&call.receiver()?)
                .filter(|ty| ty == "&'static str")
                .map(|_| "String".to_owned()),
            "len" | "count" => Some("usize".to_owned()),
            "is_empty" | "is_some" | "is_none" | "is_ok" | "is_err" | "contains" => {
                Some("bool".to_owned())
            }
            "elapsed" => Some("std::time::Duration".to_owned()),
            "clone" => self.of(&call.receiver()?),
            "collect" | "sum" | "product" => given_type(call),
            "unwrap" | "expect" => self.of_success(&call.receiver()?),
            _ => None,
        }
    }

    /// An item of the session.
    fn item(&self, name: &str) -> Option<ast::Item> {
        let text = self.names.text_of_item(name)?;
        let file = SourceFile::parse(text, Edition::Edition2024).tree();
        file.items().next()
    }
}

/// The type that is given to a method, such as `collect::<String>`.
fn given_type(call: &ast::MethodCallExpr) -> Option<String> {
    let list = call.generic_arg_list()?.syntax().text().to_string();
    let ty = list.strip_prefix("::<")?.strip_suffix('>')?;
    (!ty.contains('_')).then(|| ty.to_owned())
}

fn literal_type(literal: &ast::Literal) -> Option<String> {
    let suffix = |suffix: Option<&str>, usual: &str| suffix.unwrap_or(usual).to_owned();
    Some(match literal.kind() {
        ast::LiteralKind::IntNumber(number) => suffix(number.suffix(), "i32"),
        ast::LiteralKind::FloatNumber(number) => suffix(number.suffix(), "f64"),
        ast::LiteralKind::String(_) => "&'static str".to_owned(),
        ast::LiteralKind::Char(_) => "char".to_owned(),
        ast::LiteralKind::Byte(_) => "u8".to_owned(),
        ast::LiteralKind::Bool(_) => "bool".to_owned(),
        ast::LiteralKind::ByteString(_) | ast::LiteralKind::CString(_) => return None,
    })
}

/// Whether it is a number whose type other code decides.
fn is_bare_number(value: &ast::Expr) -> bool {
    match value {
        ast::Expr::Literal(literal) => match literal.kind() {
            ast::LiteralKind::IntNumber(number) => number.suffix().is_none(),
            ast::LiteralKind::FloatNumber(number) => number.suffix().is_none(),
            _ => false,
        },
        ast::Expr::PrefixExpr(negated) => {
            negated.expr().is_some_and(|inner| is_bare_number(&inner))
        }
        _ => false,
    }
}

fn is_primitive(ty: &str) -> bool {
    ty == "bool" || NUMBERS.contains(&ty)
}

fn is_type_name(name: &str) -> bool {
    name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase)
}

fn single_name(value: &ast::Expr) -> Option<String> {
    match value {
        ast::Expr::PathExpr(path) => {
            let path = path.path()?;
            let name = path.segment()?.name_ref()?.text().to_string();
            path.qualifier().is_none().then_some(name)
        }
        _ => None,
    }
}

/// A list of values as an array.
fn parsed_array(inner: &str) -> Option<ast::ArrayExpr> {
    let file = SourceFile::parse(&format!("const A: () = [{inner}];"), Edition::Edition2024);
    file.tree()
        .syntax()
        .descendants()
        .find_map(ast::ArrayExpr::cast)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Session;

    fn typed(cell: &str) -> Option<String> {
        Some(plain_types(cell, &Session)?.apply(cell))
    }

    impl Names for Session {
        fn type_of_variable(&self, name: &str) -> Option<String> {
            (name == "kept").then(|| "Vec<u8>".to_owned())
        }

        fn text_of_item(&self, name: &str) -> Option<&str> {
            Some(match name {
                "double" => "fn double(n: u64) -> u64 { 2 * n }",
                "wait" => "async fn wait() -> String { x() }",
                "same" => "fn same<T>(t: T) -> T { t }",
                "text" => "fn text() -> impl Display { 1 }",
                "Point" => "#[derive(Debug)] struct Point { x: i32 }",
                "Pair" => "struct Pair<T>(T, T);",
                "Unit" => "struct Unit;",
                "Color" => "enum Color { Red, Of(u8) }",
                _ => return None,
            })
        }
    }

    #[test]
    fn types_are_seen_in_the_values() {
        for (value, expected) in [
            ("5", "i32"),
            ("5u8", "u8"),
            ("-2.5", "f64"),
            ("\"a\"", "&'static str"),
            ("!true", "bool"),
            ("1 + 2u64", "u64"),
            ("1 == 2", "bool"),
            ("kept.len() * 2", "usize"),
            ("x as f64", "f64"),
            ("vec![1, 2, 3]", "Vec<i32>"),
            ("vec![1, 2u8]", "Vec<u8>"),
            ("vec![String::new(); 3]", "Vec<String>"),
            ("[0; 4]", "[i32; 4]"),
            ("[1.0, 2.0]", "[f64; 2]"),
            ("(1, \"a\".to_string())", "(i32, String)"),
            ("format!(\"{x}\")", "String"),
            ("Some(1)", "Option<i32>"),
            ("Arc::new(Mutex::new(vec![1]))", "Arc<Mutex<Vec<i32>>>"),
            ("std::sync::Mutex::new(0u8)", "std::sync::Mutex<u8>"),
            ("AtomicUsize::new(0)", "AtomicUsize"),
            ("Vec::<u8>::new()", "Vec<u8>"),
            ("std::time::Instant::now()", "std::time::Instant"),
            ("kept", "Vec<u8>"),
            ("kept.clone()", "Vec<u8>"),
            ("Arc::clone(&kept)", "Vec<u8>"),
            ("double(3)", "u64"),
            ("wait().await", "String"),
            ("Point { x: 1 }", "Point"),
            ("Color::Red", "Color"),
            ("Color::Of(1)", "Color"),
            ("thread::spawn(|| 1)", "thread::JoinHandle<i32>"),
            (
                "std::thread::spawn(move || { f(); })",
                "std::thread::JoinHandle<()>",
            ),
            ("\"1\".parse::<u16>().unwrap()", "u16"),
            ("(0..3).collect::<Vec<u8>>()", "Vec<u8>"),
            ("Unit", "Unit"),
            ("std::fs::File::open(\"a\")?", "std::fs::File"),
            ("TcpListener::bind(\"a\").await.unwrap()", "TcpListener"),
            (
                "tokio::spawn(async move { f().await; 1u8 })",
                "tokio::task::JoinHandle<u8>",
            ),
        ] {
            let typed = typed(&format!("let a = {value};"));
            let expected = format!("let a: {expected} = {value};");
            assert_eq!(typed.as_deref(), Some(expected.as_str()), "{value}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_rust_analyzer() {
        for value in [
            "f()",
            "Vec::new()",
            "File::open(\"a\")",
            "double",
            "HashMap::new()",
            "wait()",
            "same(1)",
            "text()",
            "Pair(1, 2)",
            "&kept",
            "|x| x + 1",
            "kept.iter()",
            "m.lock().unwrap()",
            "(0..3).collect::<Vec<_>>()",
            "if a { 1 } else { 2 }",
        ] {
            let cell = format!("let a = {value};");
            assert_eq!(typed(&cell), None, "{value}");
        }
        for cell in [
            "let (a, b) = (1, 2);",
            "let a: Vec<_> = x;",
            "let Some(a) = b else { return };",
        ] {
            assert_eq!(typed(cell), None, "{cell}");
        }
    }

    #[test]
    fn all_variables_of_a_cell_have_types_or_none() {
        let all = typed("let mut a = 1;\nlet b: u8 = 2;\nlet c = a;\nlet _ = f();");
        assert_eq!(
            all.as_deref(),
            Some("let mut a: i32 = 1;\nlet b: u8 = 2;\nlet c: i32 = a;\nlet _ = f();")
        );
        assert_eq!(typed("let a = 1;\nlet b = f();"), None);
    }
}
