//! Parses Thrift's binary protocol into a tree, independently of the encoder.

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Thrift {
    Bool(bool),
    Double(f64),
    I32(i32),
    I64(i64),
    Text(String),
    Struct(BTreeMap<i16, Thrift>),
    List(Vec<Thrift>),
}

impl Thrift {
    /// The whole of `bytes` as one struct.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut rest = bytes;
        let value = value(&mut rest, 12);
        assert_eq!(rest.len(), 0, "bytes after the struct");
        value
    }

    pub(super) fn field(&self, id: i16) -> &Self {
        self.get(id).unwrap_or_else(|| panic!("no field {id} in {self:?}"))
    }

    pub(super) fn get(&self, id: i16) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.get(&id),
            other => panic!("{other:?} is no struct"),
        }
    }

    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            other => panic!("{other:?} is no list"),
        }
    }

    /// A list of Jaeger's tags.
    pub(super) fn tags(&self) -> BTreeMap<String, Self> {
        let tags = self.list().iter().map(|tag| {
            let Self::Text(key) = tag.field(1) else { panic!("the key of a tag") };
            let value = match tag.field(2) {
                Self::I32(0) => 3,
                Self::I32(1) => 4,
                Self::I32(2) => 5,
                Self::I32(3) => 6,
                other => panic!("type {other:?}"),
            };
            (key.clone(), tag.field(value).clone())
        });
        let count = tags.len();
        let tags: BTreeMap<_, _> = tags.collect();
        assert_eq!(tags.len(), count, "a tag came twice");
        tags
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (taken, after) = rest.split_first_chunk::<N>().expect("more bytes");
    *rest = after;
    *taken
}

fn value(rest: &mut &[u8], kind: u8) -> Thrift {
    match kind {
        2 => Thrift::Bool(take::<1>(rest) == [1]),
        4 => Thrift::Double(f64::from_be_bytes(take(rest))),
        8 => Thrift::I32(i32::from_be_bytes(take(rest))),
        10 => Thrift::I64(i64::from_be_bytes(take(rest))),
        11 => {
            let length = usize::try_from(i32::from_be_bytes(take(rest))).unwrap();
            let (text, after) = rest.split_at(length);
            *rest = after;
            Thrift::Text(String::from_utf8(text.to_vec()).unwrap())
        }
        12 => {
            let mut fields = BTreeMap::new();
            loop {
                let [kind] = take(rest);
                if kind == 0 {
                    return Thrift::Struct(fields);
                }
                let id = i16::from_be_bytes(take(rest));
                fields.insert(id, value(rest, kind));
            }
        }
        15 => {
            let [kind] = take(rest);
            let length = i32::from_be_bytes(take(rest));
            Thrift::List((0..length).map(|_| value(rest, kind)).collect())
        }
        other => panic!("type {other}"),
    }
}
