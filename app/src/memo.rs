//! Memos that share their machinery: the library's own makes a copy of all of it for every closure, and the page is
//! downloaded before it can be read.

use leptos::prelude::*;

/// A memo of what `compute` returns.
pub fn memo<T: PartialEq + Send + Sync + 'static>(
    compute: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    boxed(Box::new(compute))
}

/// One copy for every type of value.
fn boxed<T: PartialEq + Send + Sync + 'static>(compute: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new(move |_| compute())
}
