//! The lessons, as HTML; `build.rs` makes them from `lessons/*.md`.

const LESSONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/lessons.rs"));

/// Entry, claim, and a sentence for each number of seeds from three on.
const FORESEEN: &[(&str, &str, &[&str])] = include!(concat!(env!("OUT_DIR"), "/foreseen.rs"));

/// The lesson of the catalog entry with this id.
pub fn html(id: &str) -> Option<&'static str> {
    LESSONS.iter().find(|(lesson, _)| *lesson == id).map(|(_, html)| *html)
}

/// What so many seeds can be expected to find, by the recorded run of this entry: the paper's claims, each with a sentence.
/// Nothing where none was recorded, or where so few seeds find nothing.
pub fn foreseen(id: &str, seeds: u32) -> Vec<(&'static str, &'static str)> {
    let place = (seeds as usize).checked_sub(kappa_core::stats::MIN_REPLICAS);
    let rows = FORESEEN.iter().filter(|(other, ..)| *other == id);
    rows.filter_map(|(_, claim, sentences)| Some((*claim, *sentences.get(place?)?))).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_paper_has_its_lesson_as_html() {
        for paper in kappa_core::catalog::PAPERS {
            let html = super::html(paper.id).unwrap_or_default();
            assert!(html.starts_with("<p>"), "{}: {html}", paper.id);
        }
    }

    #[test]
    fn what_is_found_by_more_seeds_is_smaller_and_said_before_start() {
        let [(claim, few), ..] = super::foreseen("always-skip", 3)[..] else { panic!("it was recorded") };
        let many = super::foreseen("always-skip", 16)[0].1;
        assert!(
            claim.ends_with('.') && few.starts_with("With 3 seeds, ") && many.starts_with("With 16 seeds, ")
        );
        assert!(super::foreseen("always-skip", 2).is_empty() && super::foreseen("tiny", 8).is_empty());
    }
}
