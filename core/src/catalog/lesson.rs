//! The lesson of a paper, as the page fetches it when somebody opens one of the paper's experiments: `lessons/<id>.json`, made
//! by `app/prose` when the page is built.

use serde::{Deserialize, Serialize};

use crate::plain::table;

table!(Lesson { text, background, foreseen });
table!(Foreseen { id, claim, sentences });

/// All that is to be read about one paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// The lesson, as HTML.
    pub text: String,
    /// What the paper reports and what to know before comparing, as HTML.
    pub background: String,
    /// What seeds can be expected to find: the paper's rows of each of its experiments that has a recorded run.
    pub foreseen: Vec<Foreseen>,
}

/// What seeds can be expected to find of one claim, from the spread that was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Foreseen {
    /// The experiment: a paper's or a companion's id.
    pub id: String,
    /// The claim, in its words.
    pub claim: String,
    /// A sentence for each number of seeds, from [`crate::stats::MIN_REPLICAS`] on.
    pub sentences: Vec<String>,
}

impl Lesson {
    /// What so many seeds can be expected to find in this experiment: claims, each with its sentence. Nothing where none was
    /// recorded, or where so few seeds find nothing.
    pub fn foreseen(&self, id: &str, seeds: u32) -> Vec<(&str, &str)> {
        let place = (seeds as usize).checked_sub(crate::stats::MIN_REPLICAS);
        let rows = self.foreseen.iter().filter(|row| row.id == id);
        rows.filter_map(|row| Some((row.claim.as_str(), row.sentences.get(place?)?.as_str()))).collect()
    }
}
