//! Single fields, as the table has them.

use serde_json::json;

use crate::spec::field;

#[test]
fn a_value_out_of_range_is_refused_with_the_range() {
    let heads = field("model.heads").unwrap();
    assert_eq!(heads.accept(&json!(8)), Ok(json!(8)));
    for wrong in [json!(0), json!(65), json!(8.5), json!(-1), json!("8"), json!(null), json!([8])] {
        let problem = heads.accept(&wrong).unwrap_err();
        assert_eq!(problem.field, "model.heads");
        assert!(problem.sentence.contains("a whole number from 1 to 64"), "{problem}");
    }
}

#[test]
fn zero_is_allowed_where_it_has_a_meaning() {
    let clip = field("training.clip").unwrap();
    assert!(clip.accept(&json!(0)).is_ok());
    assert!(clip.accept(&json!(1e-9)).is_err());
    assert!(clip.allowed().starts_with("0 ("));
    assert!(field("training.learning_rate").unwrap().accept(&json!(0.0)).is_err());
}

#[test]
fn equal_numbers_become_equal_values() {
    let rate = field("training.learning_rate").unwrap();
    assert_eq!(rate.accept(&json!(0.1f32)), rate.accept(&json!(0.1f64)));
    assert_eq!(rate.accept(&json!(1)), rate.accept(&json!(1.0)));
    assert_eq!(rate.accept(&json!(0.1f32)).unwrap().to_string(), "0.1");
}

#[test]
fn a_mistyped_name_finds_the_right_one() {
    let problem = field("task").unwrap().parse("digit").unwrap_err();
    assert!(problem.sentence.ends_with("did you mean \"digits\"?"), "{problem}");
}

#[test]
fn what_is_written_is_read_again() {
    for (path, text) in [
        ("model.heads", "8"),
        ("training.learning_rate", "0.0005"),
        ("training.epsilon", "1e-8"),
        ("training.clip", "1"),
        ("model.mlp.skip", "off"),
        ("task", "mnist"),
        ("title", "A title, with = and &"),
    ] {
        let field = field(path).unwrap();
        assert_eq!(field.text(&field.parse(text).unwrap()), text);
    }
}
