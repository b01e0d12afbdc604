//! A value as JSON, with the order of its fields, and what kind of thing it is.
//!
//! serde_json's serialiser has type parameters, and therefore each cell that ends in a list would compile its methods
//! anew. Those of this one are compiled with the runtime.

use std::fmt;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde::ser::SerializeSeq;
use serde::ser::SerializeStruct;
use serde::ser::SerializeStructVariant;
use serde::ser::SerializeTuple;
use serde::ser::SerializeTupleStruct;
use serde::ser::SerializeTupleVariant;

/// What a value is for serde.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something with named fields.
    Struct,
    /// A map.
    Map,
    /// A list.
    List,
    /// Anything else: numbers, text, tuples, variants of an enum.
    Other,
}

/// The kind and the text of a value; `None` if JSON can't have it.
pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Option<(Kind, String)> {
    let mut json = Json {
        text: String::new(),
        kind: None,
    };
    value.serialize(&mut json).ok()?;
    Some((json.kind?, json.text))
}

struct Json {
    text: String,
    /// That of the first call, which is the whole value's.
    kind: Option<Kind>,
}

#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value can't be JSON")
    }
}

impl std::error::Error for Failed {}

impl serde::ser::Error for Failed {
    fn custom<T: fmt::Display>(_: T) -> Failed {
        Failed
    }
}

type Done = Result<(), Failed>;

impl Json {
    fn simple(&mut self, text: &str) -> Done {
        self.kind.get_or_insert(Kind::Other);
        self.text.push_str(text);
        Ok(())
    }

    fn begin(&mut self, kind: Kind, start: &str, end: &'static str) -> Compound<'_> {
        self.kind.get_or_insert(kind);
        self.text.push_str(start);
        Compound {
            json: self,
            is_first: true,
            end,
        }
    }

    fn variant(&mut self, name: &str, start: &str, end: &'static str) -> Compound<'_> {
        self.begin(Kind::Other, &format!("{{{}:{start}", quoted(name)), end)
    }
}

/// A list, a map or a struct of which more follows.
struct Compound<'a> {
    json: &'a mut Json,
    is_first: bool,
    end: &'static str,
}

impl Compound<'_> {
    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.json.text.push(',');
        }
    }

    fn name(&mut self, name: &str) {
        self.separate();
        self.json.text.push_str(&quoted(name));
        self.json.text.push(':');
    }

    /// What has been written since is a key: JSON has only texts as keys.
    fn end_key(&mut self, start: usize) -> Done {
        let key = self.json.text.split_off(start);
        match key.bytes().next() {
            Some(b'"') => self.json.text.push_str(&key),
            Some(b'[' | b'{' | b'n') | None => return Err(Failed),
            Some(_) => self.json.text.push_str(&quoted(&key)),
        }
        self.json.text.push(':');
        Ok(())
    }

    fn finish(self) -> Done {
        self.json.text.push_str(self.end);
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

macro_rules! numbers {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, number: $type) -> Done {
            self.simple(&number.to_string())
        }
    )*};
}

impl<'a> Serializer for &'a mut Json {
    type Ok = ();
    type Error = Failed;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    numbers! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
    }

    fn serialize_f32(self, number: f32) -> Done {
        self.simple(&serde_json::to_string(&number).map_err(|_| Failed)?)
    }

    fn serialize_f64(self, number: f64) -> Done {
        self.simple(&serde_json::Value::from(number).to_string())
    }

    fn serialize_char(self, char: char) -> Done {
        self.simple(&quoted(char.encode_utf8(&mut [0; 4])))
    }

    fn serialize_str(self, text: &str) -> Done {
        self.simple(&quoted(text))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Done {
        self.simple(&serde_json::Value::from(bytes).to_string())
    }

    fn serialize_none(self) -> Done {
        self.simple("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        self.kind.get_or_insert(Kind::Other);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        self.simple("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.simple("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.simple(&quoted(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        self.kind.get_or_insert(Kind::Other);
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        let compound = self.variant(variant, "", "}");
        value.serialize(&mut *compound.json)?;
        compound.finish()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'a>, Failed> {
        Ok(self.begin(Kind::List, "[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'a>, Failed> {
        Ok(self.begin(Kind::Other, "[", "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, Failed> {
        Ok(self.begin(Kind::Other, "[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, Failed> {
        Ok(self.variant(variant, "[", "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'a>, Failed> {
        Ok(self.begin(Kind::Map, "{", "}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, Failed> {
        Ok(self.begin(Kind::Struct, "{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, Failed> {
        Ok(self.variant(variant, "{", "}}"))
    }
}

macro_rules! lists {
    ($($name:ident: $method:ident,)*) => {$(
        impl $name for Compound<'_> {
            type Ok = ();
            type Error = Failed;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
                self.separate();
                value.serialize(&mut *self.json)
            }

            fn end(self) -> Done {
                self.finish()
            }
        }
    )*};
}

lists! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

macro_rules! structs {
    ($($name:ident)*) => {$(
        impl $name for Compound<'_> {
            type Ok = ();
            type Error = Failed;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Done {
                self.name(name);
                value.serialize(&mut *self.json)
            }

            fn end(self) -> Done {
                self.finish()
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = Failed;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        self.separate();
        let start = self.json.text.len();
        key.serialize(&mut *self.json)?;
        self.end_key(start)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut *self.json)
    }

    fn end(self) -> Done {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    struct Record {
        name: &'static str,
        also: Option<f64>,
        parts: Vec<(u8, char)>,
        sizes: BTreeMap<u8, f32>,
        shape: Vec<Shape>,
    }

    #[derive(Serialize)]
    enum Shape {
        Circle { r: f64 },
        Named(&'static str),
        Pair(u8, i64),
        Nothing,
    }

    #[test]
    fn it_is_what_serde_json_makes_of_a_value() {
        let record = Record {
            name: "a \"b\"\n",
            also: Some(f64::NAN),
            parts: vec![(1, 'é'), (2, '"')],
            sizes: BTreeMap::from([(1, 0.1), (2, 1.0)]),
            shape: vec![
                Shape::Circle { r: 1e300 },
                Shape::Named("n"),
                Shape::Pair(1, -2),
                Shape::Nothing,
            ],
        };
        let (kind, text) = of(&record).unwrap();
        assert_eq!(kind, Kind::Struct);
        assert_eq!(text, serde_json::to_string(&record).unwrap());
        assert_eq!(of(&BTreeMap::from([((1, 2), 3)])), None);
    }

    #[test]
    fn kinds() {
        let kind = |found: Option<(Kind, String)>| found.unwrap().0;
        assert_eq!(kind(of(&BTreeMap::from([(1, 2)]))), Kind::Map);
        assert_eq!(kind(of(&vec![1])), Kind::List);
        assert_eq!(kind(of(&(1, 2))), Kind::Other);
        assert_eq!(kind(of(&[1, 2])), Kind::Other);
        assert_eq!(kind(of(&Shape::Circle { r: 1.0 })), Kind::Other);
        assert_eq!(kind(of("text")), Kind::Other);
        assert_eq!(kind(of(&Some(vec![1]))), Kind::Other);
    }
}
