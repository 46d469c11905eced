use super::*;

/// Three images of 2x1 to train on, one to test on; three classes; peak 16.
fn images() -> Vec<u8> {
    let mut file = b"KAPPAIMG".to_vec();
    for field in [1u32, 3, 1, 2, 1, 1, 3, 16] {
        file.extend(field.to_le_bytes());
    }
    file.extend([0, 1, 2, 3, 4, 5, 16, 7]);
    file.extend([0, 1, 2, 1]);
    file
}

/// "abba" to train on, "\na" to test on.
fn text() -> Vec<u8> {
    let mut file = b"KAPPATXT".to_vec();
    for field in [1u32, 4, 2, 3] {
        file.extend(field.to_le_bytes());
    }
    file.extend(b"\nab");
    file.extend([1, 2, 2, 1, 0, 1]);
    file
}

fn with(mut file: Vec<u8>, index: usize, byte: u8) -> Vec<u8> {
    file[index] = byte;
    file
}

fn image_error(file: &[u8]) -> String {
    parse_images(file).unwrap_err().to_string()
}

fn text_error(file: &[u8]) -> String {
    parse_text(file).unwrap_err().to_string()
}

#[test]
fn images_are_found_where_the_format_puts_them() {
    let file = images();
    let set = parse_images(&file).unwrap();
    assert_eq!((set.height, set.width, set.channels, set.classes, set.peak), (2, 1, 1, 3, 16));
    assert_eq!((set.train.count(), set.test.count(), set.image_len()), (3, 1, 2));
    assert_eq!(set.train.get(1), (&[2, 3][..], 1));
    assert_eq!(set.test.get(0), (&[16, 7][..], 1));
}

#[test]
fn text_is_found_where_the_format_puts_it() {
    let file = text();
    let set = parse_text(&file).unwrap();
    assert_eq!((set.decode(set.train), set.decode(set.test)), ("abba".into(), "\na".into()));
    assert_eq!((set.symbol('b'), set.symbol('c'), set.symbol('é')), (Some(2), None, None));
    assert_eq!(set.decode(&[3, 1]), "\u{FFFD}a");
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_that_names_the_field() {
    for length in 0..images().len() {
        let error = parse_images(&images()[..length]).unwrap_err();
        assert!(matches!(error.problem, Problem::Truncated { .. }), "{length}: {error}");
    }
    for length in 0..text().len() {
        let error = parse_text(&text()[..length]).unwrap_err();
        assert!(matches!(error.problem, Problem::Truncated { .. }), "{length}: {error}");
    }
    assert_eq!(image_error(&images()[..21]), "The file ends in the height: it has 21 bytes of at least 24.");
    assert_eq!(text_error(&text()[..28]), "The file ends in the symbols: it has 28 bytes of at least 33.");
}

#[test]
fn a_file_that_is_too_long_is_an_error() {
    assert_eq!(
        image_error(&[images(), vec![0]].concat()),
        "The file goes on after the labels: it has 53 bytes instead of 52."
    );
    assert_eq!(
        text_error(&[text(), vec![0]].concat()),
        "The file goes on after the symbols: it has 34 bytes instead of 33."
    );
}

#[test]
fn no_change_of_a_byte_panics_and_no_change_of_a_size_goes_unnoticed() {
    for (index, &right) in images().iter().enumerate() {
        for byte in 0..=255 {
            let answer = parse_images(&with(images(), index, byte)).is_ok();
            // After the sizes come the class count and the peak, which other values fit too.
            assert!(index >= 32 || answer == (byte == right), "{index} {byte}");
        }
    }
    for (index, &right) in text().iter().enumerate() {
        for byte in 0..=255 {
            let answer = parse_text(&with(text(), index, byte)).is_ok();
            assert!(index >= 24 || answer == (byte == right), "{index} {byte}");
        }
    }
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    for field in 1..9 {
        let mut file = images();
        file[4 * field + 4..4 * field + 8].fill(255);
        let error = parse_images(&file).unwrap_err();
        assert!(matches!(error.problem, Problem::OutOfRange { .. }), "{error}");
    }
    let most = [1, MAX_IMAGES, MAX_IMAGES, MAX_SIDE, MAX_SIDE, 4, 256, 255];
    let file = [b"KAPPAIMG".to_vec(), most.iter().flat_map(|n| n.to_le_bytes()).collect()].concat();
    assert_eq!(image_error(&file), "The number of pixel bytes is 8796093022208, but must be 1 to 268435456.");
}

#[test]
fn what_the_header_rules_out_is_an_error_with_its_position() {
    for (index, byte, sentence) in [
        (43, 17, "The pixels have 17 at position 3, but may be at most 16."),
        (51, 3, "The labels have 3 at position 3, but may be at most 2."),
        (12, 0, "The train count is 0, but must be 1 to 1048576."),
        (8, 2, "The version is 2, but must be 1."),
        (0, b'k', "The magic is wrong: the file does not begin with KAPPAIMG."),
    ] {
        assert_eq!(image_error(&with(images(), index, byte)), sentence);
    }
    assert_eq!(text_error(&with(text(), 30, 3)), "The symbols have 3 at position 3, but may be at most 2.");
    for byte in [b'\n', b'\t', 0x7f, 0xc3, b'b', b'c'] {
        let error = text_error(&with(text(), 25, byte));
        assert!(error.starts_with("The vocabulary has byte"), "{byte}: {error}");
    }
}

#[test]
fn the_packed_files_are_whole() {
    let digits = parse_images(include_bytes!("../../../../public/data/digits.bin")).unwrap();
    assert_eq!((digits.train.count(), digits.test.count()), (1442, 355));
    assert_eq!((digits.height, digits.width, digits.classes, digits.peak), (8, 8, 10, 16));
    let mnist = parse_images(include_bytes!("../../../../public/data/mnist.bin")).unwrap();
    assert_eq!((mnist.train.count(), mnist.test.count()), (9000, 1000));
    assert_eq!((mnist.height, mnist.width, mnist.classes, mnist.peak), (28, 28, 10, 255));
    let plays = parse_text(include_bytes!("../../../../public/data/shakespeare.bin")).unwrap();
    assert_eq!(plays.vocabulary.len(), 65);
    assert!(plays.decode(plays.train).starts_with("Hamlet\n\nACT I\n"));
    assert!(plays.decode(plays.test).starts_with("The Tempest\n\nACT I\n"));
}
