//! What the types of a spec have in common, written once.

/// `Deserialize` for types that are read with [`Take`].
macro_rules! deserialize {
    ($($type:ty),* $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::read::root(deserializer)
            }
        }
    )*};
}

/// `read_table` for a type with a default: its keys, the fields that hold their values, and the keys that must be there.
/// Fields whose keys are missing keep their defaults.
macro_rules! fields {
    ($type:ty { $($key:literal => $field:ident,)* } $(requires $($needed:literal),+)?) => {
        impl $type {
            const KEYS: &'static [&'static str] = &[$($key),*];

            fn read_table<'de, A: serde::de::MapAccess<'de>>(
                at: &$crate::read::At<'_>,
                mut map: A,
            ) -> Result<Self, A::Error> {
                let mut out = Self::default();
                let mut keys = $crate::read::Keys::new(at, Self::KEYS);
                while let Some(key) = keys.next(&mut map)? {
                    match key {
                        $($key => out.$field = $crate::read::value(&at.key(key), &mut map)?,)*
                        _ => $crate::read::skip(&mut map)?,
                    }
                }
                $($(keys.need($needed)?;)+)?
                Ok(out)
            }
        }
    };
}

/// A type that is a table and nothing else; see [`fields`].
macro_rules! table {
    ($type:ty { $($fields:tt)* } $($rest:tt)*) => {
        $crate::read::fields!($type { $($fields)* } $($rest)*);

        impl $crate::read::Take for $type {
            fn takes() -> String {
                format!("a table of {}", $crate::read::list(Self::KEYS))
            }

            fn table<'de, A: serde::de::MapAccess<'de>>(
                at: &$crate::read::At<'_>,
                map: A,
            ) -> Result<Self, A::Error> {
                Self::read_table(at, map)
            }
        }
    };
}

/// A choice of words.
macro_rules! words {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $name:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $type { $($(#[$doc])* #[serde(rename = $word)] $name,)* }

        impl $type {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word in `sidecar.toml` and in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::read::Take for $type {
            fn takes() -> String {
                $crate::read::choice(&[$($word),*])
            }

            fn text(text: &str) -> Result<Self, $crate::read::Refused> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| {
                    match $crate::nearest::nearest(text, [$($word),*]) {
                        Some(near) => $crate::read::Refused::Value(format!("did you mean `{near}`?")),
                        None => $crate::read::Refused::Type,
                    }
                })
            }
        }

        $crate::read::deserialize!($type);
    };
}

/// A type that is written as a text: what it takes in words and, for the schema, as a
/// pattern, where one says more than the words.
macro_rules! text {
    ($type:ident, $takes:expr, $pattern:expr) => {
        impl $crate::read::Take for $type {
            fn takes() -> String {
                $takes.to_string()
            }

            fn text(text: &str) -> Result<Self, $crate::read::Refused> {
                text.parse().map_err(|error: $crate::Invalid| error.into_refused())
            }
        }

        $crate::read::deserialize!($type);

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema = schemars::json_schema!({ "type": "string", "description": $takes });
                let pattern: Option<&str> = $pattern;
                if let Some(pattern) = pattern {
                    schema.insert("pattern".to_owned(), pattern.into());
                }
                schema
            }
        }
    };
}

pub(crate) use {deserialize, fields, table, text, words};
