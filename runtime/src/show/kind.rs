//! What kind of thing a value is for serde, without what it holds.

use std::fmt;

use serde::Serialize;
use serde::Serializer;
use serde::ser::Impossible;

/// What a value begins its serialisation with.
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

impl Kind {
    /// The kind of a value.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Kind {
        match value.serialize(Look) {
            Ok(never) => match never {},
            Err(Found(kind)) => kind,
        }
    }
}

/// A serialiser that ends at the first call, with what it has found as its error.
struct Look;

enum Never {}

#[derive(Debug)]
struct Found(Kind);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Found {}

impl serde::ser::Error for Found {
    fn custom<T: fmt::Display>(_: T) -> Found {
        Found(Kind::Other)
    }
}

type No = Impossible<Never, Found>;

macro_rules! other {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, _: $type) -> Result<Never, Found> {
            Err(Found(Kind::Other))
        }
    )*};
}

impl Serializer for Look {
    type Ok = Never;
    type Error = Found;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    other! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_none(self) -> Result<Never, Found> {
        Err(Found(Kind::Other))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Never, Found> {
        Err(Found(Kind::Other))
    }

    fn serialize_unit(self) -> Result<Never, Found> {
        Err(Found(Kind::Other))
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<Never, Found> {
        Err(Found(Kind::Other))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<Never, Found> {
        Err(Found(Kind::Other))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Never, Found> {
        Err(Found(Kind::Other))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<No, Found> {
        Err(Found(Kind::List))
    }

    fn serialize_tuple(self, _: usize) -> Result<No, Found> {
        Err(Found(Kind::Other))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<No, Found> {
        Err(Found(Kind::Other))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<No, Found> {
        Err(Found(Kind::Other))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<No, Found> {
        Err(Found(Kind::Map))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<No, Found> {
        Err(Found(Kind::Struct))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<No, Found> {
        Err(Found(Kind::Other))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn kinds() {
        #[derive(Serialize)]
        struct Record {
            n: u8,
        }
        #[derive(Serialize)]
        enum Shape {
            Circle { r: f64 },
        }
        assert_eq!(Kind::of(&Record { n: 1 }), Kind::Struct);
        assert_eq!(Kind::of(&&Record { n: 1 }), Kind::Struct);
        assert_eq!(Kind::of(&BTreeMap::from([(1, 2)])), Kind::Map);
        assert_eq!(Kind::of(&vec![1]), Kind::List);
        assert_eq!(Kind::of(&(1, 2)), Kind::Other);
        assert_eq!(Kind::of(&[1, 2]), Kind::Other);
        assert_eq!(Kind::of(&Shape::Circle { r: 1.0 }), Kind::Other);
        assert_eq!(Kind::of("text"), Kind::Other);
        assert_eq!(Kind::of(&Some(1)), Kind::Other);
    }
}
