use std::collections::HashMap;

use super::*;

const LIMITS: Limits = Limits { bytes: 4096, header: 1024, tensors: 3 };

/// A file with this header and so many bytes behind it.
fn file(header: &str, bytes: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend((0..bytes).map(|i| i as u8));
    file
}

fn read(bytes: &[u8]) -> Result<Tensors<'_>, String> {
    Tensors::read(bytes, "The file", LIMITS)
}

#[test]
fn what_is_written_is_read_and_nothing_is_left() {
    let (a, b) = ([1.0, -2.5, 3.0, 4.0, 5.0, 6.0], [7.0]);
    let metadata = HashMap::from([("kind".to_owned(), "test".to_owned())]);
    let bytes = write([("a".into(), vec![2, 3], &a[..]), ("b.c".into(), vec![1], &b[..])], metadata);
    let mut tensors = read(&bytes).unwrap();
    assert_eq!(tensors.metadata("kind"), Some("test"));
    assert_eq!(
        tensors.entries().map(|(name, entry)| (name, &entry.shape[..])).collect::<Vec<_>>(),
        [("a", &[2, 3][..]), ("b.c", &[1])]
    );
    assert_eq!(tensors.take("a", &[2, 3]).unwrap(), a);
    assert_eq!(tensors.clone().finish().unwrap_err(), "The file’s tensor b.c has no place here.");
    assert_eq!(tensors.take("b.c", &[1]).unwrap(), b);
    assert_eq!(tensors.take("b.c", &[1]).unwrap_err(), "The file has no tensor b.c.");
    tensors.finish().unwrap();
}

#[test]
fn every_real_type_becomes_single_precision() {
    let of = |dtype: &str, bytes: &[u8]| {
        let count = bytes.len()
            / Dtype::F16.bytes().max(match dtype {
                "F32" => 4,
                "F64" => 8,
                _ => 2,
            });
        let header =
            format!(r#"{{"x":{{"dtype":"{dtype}","shape":[{count}],"data_offsets":[0,{}]}}}}"#, bytes.len());
        let mut whole = file(&header, 0);
        whole.extend_from_slice(bytes);
        read(&whole).unwrap().take_any("x", &[count]).unwrap()
    };
    let half: Vec<u8> = [0x3c00u16, 0xc000, 0x0001, 0x8400, 0x7bff, 0x7c00, 0x7e00]
        .iter()
        .flat_map(|b| b.to_le_bytes())
        .collect();
    let halves = of("F16", &half);
    assert_eq!(halves[..6], [1.0, -2.0, 2f32.powi(-24), -(2f32.powi(-14)), 65504.0, f32::INFINITY]);
    assert!(halves[6].is_nan());
    assert_eq!(of("BF16", &[0x80, 0x3f, 0x40, 0xc0]), [1.0, -3.0]);
    assert_eq!(of("F64", &1.5f64.to_le_bytes()), [1.5]);
    assert_eq!(of("F32", &0.1f32.to_le_bytes()), [0.1]);
}

#[test]
fn a_bad_file_is_refused_in_one_sentence_that_names_what_is_wrong() {
    let one = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let good = one("[2]", 0, 8);
    let short = {
        let mut bytes = file(&format!(r#"{{"x":{good}}}"#), 8);
        bytes.truncate(bytes.len() - 3);
        bytes
    };
    let mut claims = file(&format!(r#"{{"x":{good}}}"#), 8);
    claims[..8].copy_from_slice(&1000u64.to_le_bytes());
    let mut huge = claims.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let deep = one("[1,1,1,1,1,1,1,1,1]", 0, 4);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![], "it has fewer than 8 bytes"),
        (vec![0; 8], "its header is no JSON object"),
        (claims, "its header claims 1000 bytes, and 62 are there"),
        (huge, "its header claims 18446744073709551615 bytes, and at most 1024 are read"),
        (file(&format!(r#"{{"x":{good}}}"#), 4096), "at most 4096 are read"),
        (short, "x ends at byte 8, and the file has 5 behind its header"),
        (file(&format!(r#"{{"x":{good}}}"#), 9), "1 bytes follow the last tensor"),
        (file(&format!(r#"{{"x":{good}"#), 8), "its header is damaged (EOF"),
        (file(&format!(r#"{{"x":{good}}} 5"#), 8), "its header is damaged (trailing"),
        (file(r#"["x"]"#, 0), "its header is no JSON object"),
        (file(&format!(r#"{{"x":{good},"x":{good}}}"#), 8), "the tensor x is there twice"),
        (file(r#"{"__metadata__":{"a":"1","a":"2"}}"#, 0), "__metadata__ has a twice"),
        (file(r#"{"__metadata__":{},"__metadata__":{}}"#, 0), "__metadata__ is there twice"),
        (file(r#"{"__metadata__":{"a":1}}"#, 0), "its header is damaged (invalid type"),
        (
            file(&format!(r#"{{"x":{}}}"#, one("[3]", 0, 8)), 8),
            "x has the shape [3] of F32, which does not fit",
        ),
        (
            file(&format!(r#"{{"x":{}}}"#, one("[2]", 8, 0)), 8),
            "x has the shape [2] of F32, which does not fit",
        ),
        (
            file(&format!(r#"{{"x":{}}}"#, one("[4294967296,4294967296,4]", 0, 8)), 8),
            "x has the shape [4294967296, 4294967296, 4]",
        ),
        (file(&format!(r#"{{"x":{}}}"#, one("[-2]", 0, 8)), 8), "its header is damaged (invalid value"),
        (file(&format!(r#"{{"x":{deep}}}"#), 4), "x has 9 dimensions"),
        (file(r#"{"x":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}"#, 8), "x is of the type F99"),
        (file(r#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"y":1}}"#, 8), "unknown field `y`"),
        (
            file(&format!(r#"{{"x":{good},"y":{}}}"#, one("[2]", 4, 12)), 12),
            "y begins at byte 4, where the one before it ends at 8",
        ),
        (
            file(&format!(r#"{{"x":{good},"y":{}}}"#, one("[2]", 12, 20)), 20),
            "y begins at byte 12, where the one before it ends at 8",
        ),
        (
            file(
                &format!(
                    r#"{{"a":{},"b":{},"c":{},"d":{}}}"#,
                    one("[1]", 0, 4),
                    one("[1]", 4, 8),
                    one("[1]", 8, 12),
                    one("[1]", 12, 16)
                ),
                16,
            ),
            "at most 3 tensors are read",
        ),
    ];
    for (bytes, said) in cases {
        let why = read(&bytes).map(|_| ()).expect_err(said);
        assert!(why.starts_with("The file") && why.ends_with('.') && why.contains(said), "{said}: {why}");
        assert!(!why.contains('\n'), "{why}");
    }
}

#[test]
fn a_tensor_that_is_not_what_is_wanted_is_named() {
    let header = r#"{"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"x":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]}}"#;
    let mut bytes = file(header, 0);
    bytes.extend_from_slice(&7i64.to_le_bytes());
    bytes.extend_from_slice(&1f32.to_le_bytes());
    bytes.extend_from_slice(&f32::NAN.to_le_bytes());
    let mut tensors = read(&bytes).unwrap();
    for (name, shape, said) in [
        ("y", &[1][..], "The file has no tensor y."),
        ("x", &[1, 2], "The file’s tensor x has the shape [2, 1], not [1, 2]."),
        ("x", &[2, 1], "The file’s tensor x is NaN at place 1."),
        ("n", &[1], "The file’s tensor n is of I64, not of real numbers."),
    ] {
        assert_eq!(tensors.clone().take(name, shape).unwrap_err(), said);
    }
    assert_eq!(tensors.take_any("x", &[2, 1]).unwrap()[0], 1.0);
    // What a stranger calls a tensor does not break a sentence.
    assert_eq!(shown("a\nb"), "a�b");
    assert_eq!(shown(&"é".repeat(500)).chars().count(), 121);
}
