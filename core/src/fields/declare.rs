//! The three macros with which a room declares what it has.

/// Declares a struct whose members are fields of the experiment.
///
/// ```text
/// fields! {
///     /// What it is: the help of the choice.
///     #[derive(Copy)]
///     pub struct Graying as "graying", "Grayed" {
///         /// The help of the field, which is its documentation too.
///         exponent: f32 = 0.95, float("Exponent", 0.05, 1.0, Before("exponent "));
///         place: Place = Place::Patches, named("Applied to", Before("graying of ")).or_help("…");
///     }
/// }
/// ```
///
/// Each line is a member: its type, its default, its [`Row`](super::Row). `name as "other.path": …` puts it at another path
/// than its name. `as "graying", "Grayed"` is there for a [`Room`](super::Room): its name in a file, its label. The struct gets `Clone`, `Debug`, `PartialEq`, `Default` and [`Node`](super::Node). A second block,
/// `with { … }`, holds public members that are no fields, each with its default.
macro_rules! fields {
    (
        $(#[doc = $about:literal])* $(#[derive $derive:tt])? $(#[serde $serde:tt])?
        pub struct $name:ident $(as $called:literal, $label:literal)? {
            $( $(#[doc = $doc:literal])* $field:ident $(as $key:literal)? : $type:ty = $default:expr, $row:expr; )*
        }
        $( with { $( $(#[doc = $other_doc:literal])* $other:ident : $other_type:ty = $other_default:expr; )* } )?
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq)]
        $(#[derive $derive])?
        $(#[serde $serde])?
        pub struct $name {
            $(
                $(#[doc = $doc])*
                #[doc = concat!("\n\nIn a file: `", $crate::fields::fields!(@key $field $(as $key)?), "`.")]
                pub $field: $type,
            )*
            $( $( $(#[doc = $other_doc])* pub $other: $other_type, )* )?
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* $( $( $other: $other_default, )* )? }
            }
        }

        $crate::fields::fields!(@named $name [$($about),*] [$($called, $label)?]);

        impl $crate::fields::Node for $name {
            #[allow(unused_variables, reason = "a room may have no fields")]
            fn declare(path: &str, _: $crate::fields::Row, table: &mut $crate::fields::Table) {
                $({
                    // Made by the compiler: what makes it would be code, of every field.
                    static ROW: $crate::fields::Row = $row.or_help(concat!($($doc),*).trim_ascii_start());
                    let key = $crate::fields::fields!(@key $field $(as $key)?);
                    <$type as $crate::fields::Node>::declare(&$crate::fields::node::join(path, key), ROW, table);
                })*
            }

            #[allow(unused_variables, reason = "a room may have no fields")]
            fn get(&self, path: &str) -> Option<serde_json::Value> {
                $(
                    if let Some(rest) = $crate::fields::node::below(path, $crate::fields::fields!(@key $field $(as $key)?))
                        && let Some(value) = $crate::fields::Node::get(&self.$field, rest)
                    {
                        return Some(value);
                    }
                )*
                None
            }

            #[allow(unused_variables, reason = "a room may have no fields")]
            fn put(&mut self, path: &str, value: &serde_json::Value) -> bool {
                $(
                    if let Some(rest) = $crate::fields::node::below(path, $crate::fields::fields!(@key $field $(as $key)?))
                        && $crate::fields::Node::put(&mut self.$field, rest, value)
                    {
                        return true;
                    }
                )*
                false
            }

            #[allow(unused_variables, reason = "a room may have no fields")]
            fn words(&self, path: &str) -> Option<String> {
                $(
                    if let Some(rest) = $crate::fields::node::below(path, $crate::fields::fields!(@key $field $(as $key)?))
                        && let Some(words) = $crate::fields::Node::words(&self.$field, rest)
                    {
                        return Some(words);
                    }
                )*
                None
            }

            #[allow(unused_variables, reason = "a room may have no fields")]
            fn check(
                &self,
                path: &str,
                here: &$crate::surroundings::Surroundings,
                found: &mut Vec<$crate::fields::Problem>,
            ) {
                $(
                    let at = $crate::fields::node::join(path, $crate::fields::fields!(@key $field $(as $key)?));
                    $crate::fields::Node::check(&self.$field, &at, here, found);
                )*
            }
        }
    };
    (@named $name:ident [$($about:literal),*] []) => {};
    (@named $name:ident [$($about:literal),*] [$called:literal, $label:literal]) => {
        impl $crate::fields::Named for $name {
            const NAME: &'static str = $called;
            const LABEL: &'static str = $label;
            const HELP: &'static str = concat!($($about),*).trim_ascii_start();
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident as $key:literal) => { $key };
}

/// Declares an enum of names that bring nothing else. The first one is the default.
///
/// ```text
/// choice! {
///     /// What it is.
///     pub enum Place {
///         /// The help of the name.
///         Patches: "patches", "Patches";
///     }
/// }
/// ```
///
/// Each line is a variant: its name in a file, its label. The enum gets `Clone`, `Copy`, `Debug`, `PartialEq`, `Eq`,
/// `Default` and [`Node`](super::Node).
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $(#[doc = $first_doc:literal])+ $first:ident : $first_name:literal, $first_label:literal;
            $( $(#[doc = $doc:literal])+ $variant:ident : $variant_name:literal, $label:literal; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = $first_doc])+
            #[default]
            $first,
            $( $(#[doc = $doc])+ $variant, )*
        }

        impl $name {
            /// The names, in the order of a menu.
            pub const OPTIONS: &[$crate::fields::Choice] = &[
                $crate::fields::Choice {
                    name: $first_name,
                    label: $first_label,
                    help: concat!($($first_doc),+).trim_ascii_start(),
                },
                $( $crate::fields::Choice {
                    name: $variant_name,
                    label: $label,
                    help: concat!($($doc),+).trim_ascii_start(),
                }, )*
            ];

            /// As it is written in a file.
            pub fn name(self) -> &'static str {
                match self { Self::$first => $first_name, $( Self::$variant => $variant_name, )* }
            }

            /// The one of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $first_name => Some(Self::$first),
                    $( $variant_name => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }

        $crate::fields::leaf!(
            $name,
            |row| $crate::fields::Row {
                kind: $crate::fields::Kind::Choice { options: $name::OPTIONS, slot: false },
                ..row
            },
            |choice| choice.name().into(),
            |value| $name::from_name(value.as_str()?)
        );
    };
}

/// Declares a slot: an enum of rooms, one line each, of which one is chosen. The first one is the default.
///
/// ```text
/// slot! {
///     /// What it is.
///     pub enum Tokens does TokenTechnique {
///         plain::Plain,
///         graying::Graying,
///     }
/// }
/// ```
///
/// A line `graying::Graying` declares the module `graying`, whose `Graying` is a [`Room`](super::Room) and has the slot's
/// traits: `is` one that is always there, as which `chosen()` gives the choice; `does` one that is there with the engine
/// only, as which `engine()` gives it. `at "architecture"` puts the name of the choice below the slot's own path: what its
/// rooms declare below the same key goes with a choice, what they declare beside it stays when another one has it too.
macro_rules! slot {
    (
        $(#[$meta:meta])*
        pub enum $name:ident $(at $tag:literal)? $(is $trait:ident)? $(does $engine:ident)? { $($rooms:tt)+ }
    ) => {
        $crate::fields::slot!(@enum [$(#[$meta])*] $name [$($tag)?] { $($rooms)+ });
        $crate::fields::slot!(@traits $name [$(is $trait)? $(does $engine)?] { $($rooms)+ });
    };

    (@traits $name:ident [] $rooms:tt) => {};

    (@traits $name:ident [is $trait:ident $($more:tt)*] $rooms:tt) => {
        $crate::fields::slot!(@is $name $trait $rooms);
        $crate::fields::slot!(@traits $name [$($more)*] $rooms);
    };

    (@traits $name:ident [does $engine:ident] $rooms:tt) => {
        $crate::fields::slot!(@does $name $engine $rooms);
    };

    (@enum [$(#[$meta:meta])*] $name:ident [$($tag:literal)?] { $( $module:ident :: $room:ident, )+ }) => {
        $( pub mod $module; )+

        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $( #[doc = concat!("See [`", stringify!($module), "`].")] $room($module::$room), )+
        }

        $(
            impl From<$module::$room> for $name {
                fn from(room: $module::$room) -> Self {
                    Self::$room(room)
                }
            }
        )+

        impl Default for $name {
            fn default() -> Self {
                Self::from_name(Self::OPTIONS[0].name).expect("the first choice is one")
            }
        }

        impl $name {
            /// Where the name of the choice stands, below the slot's own path.
            const TAG: &'static str = concat!($($tag)?);

            /// The choices, in the order of a menu.
            pub const OPTIONS: &[$crate::fields::Choice] = &[ $( $crate::fields::Choice {
                name: <$module::$room as $crate::fields::Named>::NAME,
                label: <$module::$room as $crate::fields::Named>::LABEL,
                help: <$module::$room as $crate::fields::Named>::HELP,
            }, )+ ];

            /// As the choice is written in a file.
            pub fn name(&self) -> &'static str {
                match self { $( Self::$room(_) => <$module::$room as $crate::fields::Named>::NAME, )+ }
            }

            /// The choice of this name, with its defaults.
            pub fn from_name(name: &str) -> Option<Self> {
                $(
                    if name == <$module::$room as $crate::fields::Named>::NAME {
                        return Some(Self::$room(Default::default()));
                    }
                )+
                None
            }
        }

        impl $crate::fields::Node for $name {
            fn declare(path: &str, row: $crate::fields::Row, table: &mut $crate::fields::Table) {
                let kind = $crate::fields::Kind::Choice { options: Self::OPTIONS, slot: true };
                let tag = $crate::fields::node::join(path, Self::TAG);
                let tag = table.enter(&tag, $crate::fields::Row { kind, ..row });
                $(
                    let choice = <$module::$room as $crate::fields::Named>::NAME;
                    table.enter_choice(tag, choice, |table| {
                        <$module::$room as $crate::fields::Node>::declare(path, row, table)
                    });
                )+
            }

            fn get(&self, path: &str) -> Option<serde_json::Value> {
                if path == Self::TAG {
                    return Some(self.name().into());
                }
                match self { $( Self::$room(room) => $crate::fields::Node::get(room, path), )+ }
            }

            fn put(&mut self, path: &str, value: &serde_json::Value) -> bool {
                if path == Self::TAG {
                    let Some(chosen) = value.as_str().and_then(Self::from_name) else {
                        return false;
                    };
                    let left = std::mem::replace(self, chosen);
                    if !Self::TAG.is_empty() {
                        static KEYS: $crate::fields::node::Keys = $crate::fields::node::keys::<$name>();
                        $crate::fields::node::keep_beside(Self::TAG, &KEYS, &left, self);
                    }
                    return true;
                }
                match self { $( Self::$room(room) => $crate::fields::Node::put(room, path, value), )+ }
            }

            fn words(&self, path: &str) -> Option<String> {
                if path == Self::TAG {
                    return Some(match self { $( Self::$room(room) => $crate::fields::Room::words(room), )+ });
                }
                match self { $( Self::$room(room) => $crate::fields::Node::words(room, path), )+ }
            }

            fn check(
                &self,
                path: &str,
                here: &$crate::surroundings::Surroundings,
                found: &mut Vec<$crate::fields::Problem>,
            ) {
                match self {
                    $( Self::$room(room) => $crate::fields::room::check_room(room, path, here, found), )+
                }
            }
        }
    };

    (@is $name:ident $trait:ident { $( $module:ident :: $room:ident, )+ }) => {
        impl $name {
            /// What the choice says of itself.
            pub fn chosen(&self) -> &dyn $trait {
                match self { $( Self::$room(room) => room, )+ }
            }
        }
    };

    (@does $name:ident $engine:ident { $( $module:ident :: $room:ident, )+ }) => {
        #[cfg(feature = "engine")]
        impl $name {
            /// What the choice does.
            pub fn engine(&self) -> std::rc::Rc<dyn $engine> {
                match self { $( Self::$room(room) => std::rc::Rc::new(room.clone()), )+ }
            }
        }
    };
}

pub(crate) use {choice, fields, slot};
