//! Records as a table.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value;

use super::Display;
use super::bundle;
use super::show;

/// More rows than anyone reads would only make the notebook slow.
const ROWS_LIMIT: usize = 1000;

/// Shows records as a table: a row for each, a column for each field in the order of the fields.
///
/// Structs and maps have named columns; tuples and lists have numbered ones; anything else has one column. What a record
/// lacks stays empty. After a thousand rows the rest is counted, not shown.
///
/// # Errors
///
/// When a record's own serialisation fails, for example of a map whose keys are not strings.
///
/// ```
/// #[derive(serde::Serialize)]
/// struct Worker {
///     name: &'static str,
///     done: u32,
/// }
///
/// threadbook::display::table([
///     Worker { name: "first", done: 12 },
///     Worker { name: "second", done: 7 },
/// ])?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[track_caller]
pub fn table<T: Serialize>(records: impl IntoIterator<Item = T>) -> serde_json::Result<Display> {
    let table = Table::read(records)?;
    Ok(show(table.forms()))
}

/// Cells by row, as many in each as there are columns.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    more: usize,
    limit: usize,
    /// The call that shows more rows than this.
    call: &'static str,
}

impl Table {
    fn read<T: Serialize>(records: impl IntoIterator<Item = T>) -> serde_json::Result<Table> {
        let mut table = Table::with_limit(ROWS_LIMIT, "");
        for record in records {
            match table.is_full() {
                true => table.count_row(),
                false => table.add(fields(&serde_json::to_string(&record)?)?),
            }
        }
        Ok(table)
    }

    /// A table without rows, which takes so many; the text names a call that takes more.
    pub(crate) fn with_limit(limit: usize, call: &'static str) -> Table {
        Table {
            columns: Vec::new(),
            rows: Vec::new(),
            more: 0,
            limit,
            call,
        }
    }

    /// Whether further rows are to be counted only.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() == self.limit
    }

    /// Counts a row that is not shown.
    pub(crate) fn count_row(&mut self) {
        self.more += 1;
    }

    /// How many columns there are.
    pub(crate) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Adds a row of named cells.
    pub(crate) fn add(&mut self, cells: impl IntoIterator<Item = (String, Value)>) {
        let mut row = vec![Value::Null; self.columns.len()];
        for (name, value) in cells {
            let known = self.columns.iter().position(|column| *column == name);
            let index = known.unwrap_or_else(|| {
                self.columns.push(name);
                self.rows.iter_mut().for_each(|row| row.push(Value::Null));
                row.push(Value::Null);
                self.columns.len() - 1
            });
            row[index] = value;
        }
        self.rows.push(row);
    }

    fn forms(&self) -> Map<String, Value> {
        bundle([("text/html", self.html()), ("text/plain", self.text())])
    }

    /// Aligned columns: numbers to the right, anything else to the left.
    pub(crate) fn text(&self) -> String {
        let texts: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(text).collect())
            .collect();
        let width = |index: usize| {
            let cells = texts.iter().map(|row| row[index].chars().count());
            cells.chain([self.columns[index].chars().count()]).max()
        };
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|index| width(index).unwrap_or(0))
            .collect();
        let line = |cells: &[String]| {
            let cells = cells.iter().enumerate().map(|(index, cell)| {
                let width = widths[index];
                match self.is_number(index) {
                    true => format!("{cell:>width$}"),
                    false => format!("{cell:<width$}"),
                }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        let mut lines = vec![line(&self.columns), rule.join("  ")];
        lines.extend(texts.iter().map(|row| line(row)));
        lines.extend(self.rest());
        lines.join("\n")
    }

    /// A table of HTML.
    pub(crate) fn html(&self) -> String {
        let row = |tag: &str, cells: &mut dyn Iterator<Item = (usize, String)>| {
            let cells = cells.map(|(index, cell)| {
                let align = if self.is_number(index) {
                    "right"
                } else {
                    "left"
                };
                format!(
                    "<{tag} style=\"text-align: {align}\">{}</{tag}>",
                    escape(&cell)
                )
            });
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        let head = row("th", &mut self.columns.iter().cloned().enumerate());
        let body: String = self
            .rows
            .iter()
            .map(|cells| row("td", &mut cells.iter().map(text).enumerate()))
            .collect();
        let rest = self.rest().map(|rest| format!("<p>{rest}</p>"));
        format!(
            "<table>\n<thead>\n{head}</thead>\n<tbody>\n{body}</tbody>\n</table>{}",
            rest.unwrap_or_default()
        )
    }

    fn rest(&self) -> Option<String> {
        let more = match self.call {
            "" => format!("... and {} more", self.more),
            call => format!("... and {} more (`{call}` shows {ROWS_LIMIT})", self.more),
        };
        (self.more > 0).then_some(more)
    }

    fn is_number(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().map(|row| &row[column]);
        cells.all(|cell| cell.is_number() || cell.is_null())
    }
}

/// A cell's text. Strings stand without quotes, nested values as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.lines().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The fields of a record, given as JSON, in their order.
pub(crate) fn fields(json: &str) -> serde_json::Result<Vec<(String, Value)>> {
    // By way of the text, since a JSON object in memory has its keys sorted.
    if json.starts_with('{') {
        return Ok(serde_json::from_str::<Fields>(json)?.0);
    }
    Ok(match serde_json::from_str(json)? {
        Value::Array(values) => {
            let numbered = values.into_iter().enumerate();
            numbered
                .map(|(index, value)| (index.to_string(), value))
                .collect()
        }
        value => vec![("value".to_owned(), value)],
    })
}

/// A JSON object whose keys keep their order.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Record {
        name: &'static str,
        count: u32,
        also: Option<bool>,
    }

    fn records() -> Table {
        let record = |name, count, also| Record { name, count, also };
        Table::read([record("a<b", 7, None), record("second", 12, Some(true))]).unwrap()
    }

    #[test]
    fn columns_keep_the_order_of_fields_and_are_aligned() {
        assert_eq!(
            records().text(),
            "name    count  also\n\
             ------  -----  ----\n\
             a<b         7\n\
             second     12  true"
        );
    }

    #[test]
    fn html_is_escaped() {
        let html = records().html();
        assert!(
            html.contains("<td style=\"text-align: left\">a&lt;b</td>"),
            "{html}"
        );
        assert!(
            html.contains("<th style=\"text-align: right\">count</th>"),
            "{html}"
        );
    }

    #[test]
    fn tuples_and_plain_values_have_columns_too() {
        assert_eq!(Table::read([(1, "x")]).unwrap().text(), "0  1\n-  -\n1  x");
        assert_eq!(
            Table::read([1.5, 2.25]).unwrap().text(),
            "value\n-----\n  1.5\n 2.25"
        );
        assert_eq!(Table::read(Vec::<u8>::new()).unwrap().text(), "\n");
    }

    #[test]
    fn after_a_thousand_rows_the_rest_is_counted() {
        let text = Table::read(0..1002).unwrap().text();
        assert!(text.ends_with("  999\n... and 2 more"), "{text}");
    }
}
