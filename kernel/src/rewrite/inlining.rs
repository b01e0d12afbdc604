//! Has rustc compile functions of the session where they are used, and inline them there.
//!
//! A function with `#[inline]` is compiled in each codegen unit that calls it, and not at all where none does: thus loops
//! over small functions need no ThinLTO, and a cell does not pay for the functions of earlier cells that it does not use.

use ra_ap_syntax::AstNode;
use ra_ap_syntax::Edition;
use ra_ap_syntax::SourceFile;
use ra_ap_syntax::ast;
use ra_ap_syntax::ast::HasAttrs;

use super::statics;

const ATTRIBUTE: &str = "#[inline] ";
/// Attributes beside which it does not stand, or would change nothing.
const NOT_BESIDE: [&str; 6] = [
    "inline",
    "no_mangle",
    "export_name",
    "naked",
    "target_feature",
    "proc_macro",
];

/// The attribute for each function that has none of its kind.
pub(crate) fn inline(source: &str) -> Vec<(usize, String)> {
    if !source.contains("fn ") {
        return Vec::new();
    }
    let file = SourceFile::parse(source, Edition::Edition2024);
    let functions = file.syntax_node().descendants().filter_map(ast::Fn::cast);
    functions
        .filter(may_be_inlined)
        .map(|function| statics::place(source, statics::start(function.syntax())))
        .map(|place| (place, ATTRIBUTE.to_owned()))
        .collect()
}

fn may_be_inlined(function: &ast::Fn) -> bool {
    let attributes = function
        .attrs()
        .map(|attribute| attribute.syntax().text().to_string());
    let is_bound = attributes
        .into_iter()
        .any(|text| NOT_BESIDE.iter().any(|name| text.contains(name)));
    function.body().is_some() && !is_bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Edits;

    #[test]
    fn functions_with_a_body_get_the_attribute_on_the_line_before() {
        let source = "use a::b;\n/// Text.\npub fn f() { fn g() {} }\ntrait T {\n    fn a();\n    fn b() {}\n}\n\
                      #[inline(never)] fn h() {}\n#[unsafe(no_mangle)]\npub extern \"C\" fn run() {}\nextern \"C\" { fn foreign(); }";
        let inlined = Edits::insertions(inline(source)).apply(source);
        assert_eq!(inlined.lines().count(), source.lines().count());
        let expected = [
            ("/// Text.\n#[inline] pub fn f", true),
            ("{ #[inline] fn g() {} }", true),
            ("fn a();#[inline] \n    fn b", true),
            ("#[inline] fn h", false),
            ("#[inline] pub extern", false),
            ("#[inline] fn foreign", false),
        ];
        for (text, is_there) in expected {
            assert_eq!(inlined.contains(text), is_there, "{text:?} in {inlined}");
        }
    }
}
