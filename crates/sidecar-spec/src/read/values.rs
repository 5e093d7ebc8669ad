//! Types of the standard library that keys take.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, SeqAccess};

use super::{At, Refused, Seed, Take, value};

impl<T: Take> Take for Option<T> {
    fn takes() -> String {
        T::takes()
    }

    fn text(text: &str) -> Result<Self, Refused> {
        T::text(text).map(Some)
    }

    fn integer(number: i128) -> Result<Self, Refused> {
        T::integer(number).map(Some)
    }

    fn boolean(value: bool) -> Result<Self, Refused> {
        T::boolean(value).map(Some)
    }

    fn null() -> Result<Self, Refused> {
        Ok(None)
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, map: A) -> Result<Self, A::Error> {
        T::table(at, map).map(Some)
    }

    fn list<'de, A: SeqAccess<'de>>(at: &At<'_>, list: A) -> Result<Self, A::Error> {
        T::list(at, list).map(Some)
    }
}

impl<T: Take> Take for Vec<T> {
    fn takes() -> String {
        format!("a list, each item {}", T::takes())
    }

    fn list<'de, A: SeqAccess<'de>>(at: &At<'_>, mut list: A) -> Result<Self, A::Error> {
        let mut items = Self::new();
        while let Some(item) = list.next_element_seed(Seed(&at.item(items.len()), PhantomData))? {
            items.push(item);
        }
        Ok(items)
    }
}

impl<T: Take> Take for BTreeMap<String, T> {
    fn takes() -> String {
        format!("a table, each value {}", T::takes())
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, mut map: A) -> Result<Self, A::Error> {
        let mut entries = Self::new();
        while let Some(key) = map.next_key::<String>()? {
            if entries.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key `{}` stands there twice", at.key(&key))));
            }
            let entry = value(&at.key(&key), &mut map)?;
            entries.insert(key, entry);
        }
        Ok(entries)
    }
}

impl Take for String {
    fn takes() -> String {
        "a text".to_owned()
    }

    fn text(text: &str) -> Result<Self, Refused> {
        Ok(text.to_owned())
    }
}

impl Take for bool {
    fn takes() -> String {
        "`true` or `false`".to_owned()
    }

    fn boolean(value: bool) -> Result<Self, Refused> {
        Ok(value)
    }
}

impl Take for u32 {
    fn takes() -> String {
        "a whole number, 0 or more".to_owned()
    }

    fn integer(number: i128) -> Result<Self, Refused> {
        Self::try_from(number).map_err(|_| Refused::Type)
    }
}
