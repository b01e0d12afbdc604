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

/// The attribute. The kernel takes it out again where code is shown.
pub const ATTRIBUTE: &str = "#[inline/*put in*/] ";
/// Attributes beside which it does not stand, or would change nothing.
const NOT_BESIDE: [&str; 6] = [
    "inline",
    "no_mangle",
    "export_name",
    "naked",
    "target_feature",
    "proc_macro",
];

/// Puts the attribute before each function that has none of its kind.
pub(crate) fn inline(source: &str) -> String {
    if !source.contains("fn ") {
        return source.to_owned();
    }
    let file = SourceFile::parse(source, Edition::Edition2024);
    let functions = file.syntax_node().descendants().filter_map(ast::Fn::cast);
    let places: Vec<usize> = functions
        .filter(may_be_inlined)
        .map(|function| statics::place(source, statics::start(function.syntax())))
        .collect();
    let mut inlined = source.to_owned();
    for place in places.into_iter().rev() {
        inlined.insert_str(place, ATTRIBUTE);
    }
    inlined
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

    #[test]
    fn functions_with_a_body_get_the_attribute_on_the_line_before() {
        let source = "use a::b;\n/// Text.\npub fn f() { fn g() {} }\ntrait T {\n    fn a();\n    fn b() {}\n}\n\
                      #[inline(never)] fn h() {}\n#[unsafe(no_mangle)]\npub extern \"C\" fn run() {}\nextern \"C\" { fn foreign(); }";
        let inlined = inline(source);
        assert_eq!(inlined.lines().count(), source.lines().count());
        assert_eq!(inlined.replace(ATTRIBUTE, ""), source);
        let expected = [
            ("/// Text.\n#[inline/*put in*/] pub fn f", true),
            ("{ #[inline/*put in*/] fn g() {} }", true),
            ("fn a();#[inline/*put in*/] \n    fn b", true),
            ("/*put in*/] fn h", false),
            ("/*put in*/] pub extern", false),
            ("/*put in*/] fn foreign", false),
        ];
        for (text, is_there) in expected {
            assert_eq!(inlined.contains(text), is_there, "{text:?} in {inlined}");
        }
    }
}
