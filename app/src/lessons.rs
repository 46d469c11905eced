//! The lessons, as HTML; `build.rs` makes them from `lessons/*.md`.

const LESSONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/lessons.rs"));

/// The lesson of the catalog entry with this id.
pub fn html(id: &str) -> Option<&'static str> {
    LESSONS.iter().find(|(lesson, _)| *lesson == id).map(|(_, html)| *html)
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
}
