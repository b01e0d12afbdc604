//! Values that are shown as tables, with their text beside it: lists of records, lists of lists of numbers, maps.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Debug;

use serde::Serialize;
use serde_json::Value;

use super::json;
use super::json::Kind;
use super::long;
use super::result_forms;
use crate::display::Table;

/// A result is a look at the data; `display::table` shows ten times as many rows.
const ROWS_LIMIT: usize = 100;
/// A matrix with more columns can't be seen whole.
const COLUMNS_LIMIT: usize = 50;
/// The keys of a larger map stay in the order in which the map has them.
const SORTED_LIMIT: usize = 10_000;

/// A value that may be a table.
pub trait ShowTable {
    /// Shows the value as a table if it is one, otherwise by its `Debug`.
    fn evcxr_display(&self);
}

impl<T: Serialize + Debug> ShowTable for Vec<T> {
    fn evcxr_display(&self) {
        list(self, &mut self.iter().map(|row| row as &dyn Row));
    }
}

impl<K: Serialize + Debug, V: Serialize + Debug, S> ShowTable for HashMap<K, V, S> {
    fn evcxr_display(&self) {
        let mut entries = self.iter().map(|(key, value)| (key as _, value as _));
        map(self, self.len() <= SORTED_LIMIT, &mut entries);
    }
}

impl<K: Serialize + Debug, V: Serialize + Debug> ShowTable for BTreeMap<K, V> {
    fn evcxr_display(&self) {
        let mut entries = self.iter().map(|(key, value)| (key as _, value as _));
        map(self, false, &mut entries);
    }
}

/// A serialisable value of any type. What uses it is compiled once, and not in each cell.
trait Row {
    /// Its kind and its JSON, if it can be JSON.
    fn json(&self) -> Option<(Kind, String)>;
}

impl<T: Serialize> Row for T {
    fn json(&self) -> Option<(Kind, String)> {
        json::of(self)
    }
}

type Entries<'a> = dyn Iterator<Item = (&'a dyn Row, &'a dyn Row)> + 'a;

fn list(value: &dyn Debug, rows: &mut dyn Iterator<Item = &dyn Row>) {
    show(value, list_table(rows));
}

fn map(value: &dyn Debug, sorts: bool, entries: &mut Entries<'_>) {
    show(value, map_table(sorts, entries));
}

/// A value that fits into a line is that line where no tables can be seen.
fn show(value: &dyn Debug, table: Option<Table>) {
    let Some(table) = table else {
        return result_forms(long::text(value), None);
    };
    let text = long::line(value).unwrap_or_else(|| table.text());
    result_forms(text, Some(table.html()));
}

fn list_table(rows: &mut dyn Iterator<Item = &dyn Row>) -> Option<Table> {
    let mut table = Table::with_limit(ROWS_LIMIT, "display::table(&value)?");
    let mut kind = None;
    for row in rows {
        if table.is_full() {
            table.count_row();
            continue;
        }
        let (its_kind, json) = row.json()?;
        match *kind.get_or_insert(its_kind) {
            Kind::Struct | Kind::Map => table.add(crate::display::fields(&json).ok()?),
            Kind::List => add_numbers(&mut table, &json)?,
            Kind::Other => return None,
        }
    }
    kind.is_some().then_some(table)
}

/// A row of a matrix; `None` if it is not one.
fn add_numbers(table: &mut Table, json: &str) -> Option<()> {
    let Ok(Value::Array(numbers)) = serde_json::from_str(json) else {
        return None;
    };
    let columns = table.columns();
    let is_row = (1..=COLUMNS_LIMIT).contains(&numbers.len())
        && (columns == 0 || columns == numbers.len())
        // What is not a number of JSON, such as NaN, is null.
        && numbers.iter().all(|number| number.is_number() || number.is_null());
    if !is_row {
        return None;
    }
    let numbered = numbers.into_iter().enumerate();
    table.add(numbered.map(|(index, number)| (index.to_string(), number)));
    Some(())
}

fn map_table(sorts: bool, entries: &mut Entries<'_>) -> Option<Table> {
    let mut table = Table::with_limit(ROWS_LIMIT, "display::table(&value)?");
    let mut rows: Vec<(Value, &dyn Row)> = Vec::new();
    for (key, value) in entries {
        if rows.len() >= ROWS_LIMIT && !sorts {
            table.count_row();
            continue;
        }
        rows.push((serde_json::from_str(&key.json()?.1).ok()?, value));
    }
    if sorts {
        rows.sort_by(
            |(one, _), (other, _)| match (one.as_f64(), other.as_f64()) {
                (Some(one), Some(other)) => one.total_cmp(&other),
                _ => key_text(one).cmp(&key_text(other)),
            },
        );
    }
    let is_of_records = rows.first()?.1.json()?.0 == Kind::Struct;
    for (key, value) in rows {
        if table.is_full() {
            table.count_row();
            continue;
        }
        let (_, json) = value.json()?;
        let fields = match is_of_records {
            true => crate::display::fields(&json).ok()?,
            false => vec![("value".to_owned(), serde_json::from_str(&json).ok()?)],
        };
        // A field of this name would take the key's column.
        let name = match fields.iter().any(|(name, _)| name == "key") {
            true => "(key)",
            false => "key",
        };
        table.add(std::iter::once((name.to_owned(), key)).chain(fields));
    }
    Some(table)
}

fn key_text(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize)]
    struct Job {
        name: &'static str,
        cost: f64,
    }

    fn of_list<T: Serialize>(values: &[T]) -> Option<Table> {
        list_table(&mut values.iter().map(|row| row as &dyn Row))
    }

    fn check(table: Option<Table>, expected: &str) {
        assert_eq!(
            table.map_or("none".to_owned(), |table| table.text()),
            expected
        );
    }

    #[test]
    fn lists_of_records_and_of_numbers_are_tables() {
        let job = |name, cost| Job { name, cost };
        check(
            of_list(&[job("wash", 1.5), job("iron", 20.0)]),
            r#"name  cost
----  ----
wash   1.5
iron  20.0"#,
        );
        check(
            of_list(&[vec![1.0, 0.5], vec![f64::NAN, 12.25]]),
            r#"  0      1
---  -----
1.0    0.5
     12.25"#,
        );
    }

    #[test]
    fn anything_else_in_a_list_is_none() {
        assert!(of_list::<u8>(&[]).is_none());
        assert!(of_list(&[1, 2]).is_none());
        assert!(of_list(&["a", "b"]).is_none());
        assert!(of_list(&[(1, 2)]).is_none());
        assert!(of_list(&[vec!["a"]]).is_none());
        assert!(of_list(&[vec![1], vec![1, 2]]).is_none());
        assert!(of_list(&[vec![0; COLUMNS_LIMIT + 1]]).is_none());
        assert!(of_list(&[Some(1), None]).is_none());
    }

    #[test]
    fn after_a_hundred_rows_the_rest_is_counted() {
        let table = of_list(&vec![
            Job {
                name: "a",
                cost: 1.0
            };
            103
        ])
        .unwrap();
        let text = table.text();
        assert!(
            text.ends_with("\n... and 3 more (`display::table(&value)?` shows 1000)"),
            "{text}"
        );
    }

    impl Clone for Job {
        fn clone(&self) -> Job {
            Job { ..*self }
        }
    }

    #[test]
    fn maps_are_tables_in_the_order_of_their_keys() {
        let sizes = HashMap::from([(10, "ten"), (9, "nine")]);
        let mut entries = sizes.iter().map(|(key, value)| (key as _, value as _));
        check(
            map_table(true, &mut entries),
            r#"key  value
---  -----
  9  nine
 10  ten"#,
        );
        let jobs = BTreeMap::from([(
            "a",
            Job {
                name: "wash",
                cost: 2.0,
            },
        )]);
        let mut entries = jobs.iter().map(|(key, value)| (key as _, value as _));
        check(
            map_table(false, &mut entries),
            r#"key  name  cost
---  ----  ----
a    wash   2.0"#,
        );
    }
}
