//! Sequences that follow from a rule: `procedural`.
//!
//! Procedural Pretraining (arXiv 2601.21725) and the work that it continues (arXiv 2505.22308): weights that have learned a
//! simple rule are a better start for another task. Data symbols are 1 to V − 1; the separator `|` is V, padding V + 1, the
//! vocabulary V + 2. A sequence is padded to a context N, and asked for are the symbols of the output, the first at the
//! separator; padding is never asked for.
//!
//! ```text
//! identity      x | x                          reverse, sort, set   x | x reversed, in rising order, without repetitions
//! union         x | y | x ∪ y                  delete               x | a | x without its first a
//! stack         n times push a or pop (0) | what is left, from the top
//! dyck          brackets of k kinds, balanced  dyck-shuffle         brackets of k kinds, each kind balanced by itself
//! automaton     row | next row | next row …    ww                   x x
//! ```
//!
//! | rule | N | how it is drawn |
//! |---|---|---|
//! | identity, reverse, sort, set | 2n + 1 | n symbols, uniform; set and union keep the order in which symbols come first |
//! | union | 2n + 2 | two inputs of n / 2 |
//! | delete | 2n + 3 | a uniform, and often not in x, which is then the output |
//! | stack | 2n + 1 | at most 2n symbols; see below |
//! | dyck, dyck-shuffle | n | open is 0 to k − 1, close k to 2k − 1, vocabulary 2k + 1; all places are asked for |
//! | automaton | rows · (n + 1) − 1 | n cells in a ring, 0 and 1, vocabulary 4; the first row is uniform, all others are asked for |
//! | ww | 2n | no separator; the second x is asked for |
//!
//! *Stack.* With at most one symbol on the stack: push. Else push with probability ¾ in the first 2n/3 steps, pop with probability
//! ¾ afterwards; what is pushed is none of those on the stack, and where all are, one is popped. The last operation is a pop if
//! more than one is there. *Dyck.* With nothing open: open. Where no more places are left than brackets are open: close. Else
//! open with probability ½ while they can still be closed; what closes is the last opened. *Dyck shuffle.* Open with probability
//! ½, at nothing open always, at 16 open never; the kind is uniform among all, or among those that are open. The end may find
//! brackets open.
//!
//! **Deviations.** The curriculum of the paper starts at length 2 and adds 2 whenever the validation accuracy reaches 0.99; here
//! the length of what is trained on grows linearly from 2 to n in so many steps (`grow`), so that a batch follows from seed and
//! step alone. Tested is at length n always. The paper's stack may come to a point where all symbols are on it, and is silent
//! about that. Its generator has no automaton, and the layout of ours is our own; nor does it say of what ww consists.
//! One sequence of sixteen is tested on, by a hash, and never trained on.

#[cfg(feature = "engine")]
mod automaton;
#[cfg(feature = "engine")]
mod brackets;
#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "engine")]
mod lists;
#[cfg(feature = "engine")]
mod stack;
#[cfg(all(test, feature = "engine"))]
mod tests;

#[cfg(feature = "engine")]
pub use engine::sorting;

use super::drawn::TEST;
use super::sequences::{self, ENDLESS, LENGTH, SYMBOLS};
use super::{Described, Outline};
use crate::fields::Phrase::{After, Before, Count};
use crate::fields::{Problems, Room, choice, fields, flag, integer, named};
use crate::surroundings::{Reading, Surroundings};

fields! {
    /// Sequences that follow from a simple rule; what was learned from them may help to learn something else.
    #[derive(Copy)]
    pub struct Procedural as "procedural", "Procedural sequences" {
        /// What the output is made of, or how the sequence goes on.
        rule: Rule = Rule::Identity, named("Rule", After(" rule"));
        symbols: u32 = 32, SYMBOLS;
        sequence_length: u32 = 16, LENGTH;
        /// Kinds of brackets k, of Dyck and Dyck shuffle only.
        kinds: u32 = 16, integer("Kinds of brackets", 1, 64, Count("kind of brackets", "kinds of brackets")).unit("kinds");
        /// Wolfram's number of the rule by which the automaton goes on, of the automaton only.
        number: u32 = 110, integer("Automaton's rule", 0, 255, Before("automaton "));
        /// Rows of the automaton with the first one, of the automaton only.
        rows: u32 = 4, integer("Rows", 2, 64, Count("row", "rows")).unit("rows");
        /// Steps in which the length of what is trained on grows from 2 to the whole.
        grow: u32 = 0, integer("Growing", 1, 1_000_000, Before("growing until step ")).unit("steps").step(100)
            .zero("the whole length from the first step");
        /// Whether the symbols of every sequence are permuted: as many of each are left, but no rule.
        shuffled: bool = false, flag("Shuffled", "shuffled symbols");
        test: u32 = 1024, TEST;
    }
}

choice! {
    /// What a sequence is made of.
    pub enum Rule {
        /// The output is the input.
        Identity: "identity", "Identity";
        /// The output is the input from behind.
        Reverse: "reverse", "Reverse";
        /// The output is the input in rising order.
        Sort: "sort", "Sort";
        /// The output is the input without repetitions, in the order in which symbols come first.
        Set: "set", "Set";
        /// The output is what is in either of two inputs, without repetitions.
        Union: "union", "Union";
        /// The output is the input without the first place of one symbol.
        Delete: "delete", "Delete";
        /// The output is the stack that pushes and pops leave, from the top.
        Stack: "stack", "Stack";
        /// Balanced brackets of several kinds.
        Dyck: "dyck", "Dyck";
        /// Brackets of several kinds, each kind balanced by itself.
        DyckShuffle: "dyck-shuffle", "Dyck shuffle";
        /// Rows of an elementary cellular automaton.
        Automaton: "automaton", "Automaton";
        /// A string and its copy, without a separator.
        Ww: "ww", "ww";
    }
}

impl Procedural {
    /// Symbols N to which a sequence is padded.
    fn context(&self) -> u32 {
        let n = self.sequence_length;
        match self.rule {
            Rule::Identity | Rule::Reverse | Rule::Sort | Rule::Set | Rule::Stack => {
                n.saturating_mul(2).saturating_add(1)
            }
            Rule::Union => n.saturating_mul(2).saturating_add(2),
            Rule::Delete => n.saturating_mul(2).saturating_add(3),
            Rule::Dyck | Rule::DyckShuffle => n,
            Rule::Automaton => n.saturating_add(1).saturating_mul(self.rows).saturating_sub(1),
            Rule::Ww => n.saturating_mul(2),
        }
    }

    /// The symbols that there are, but for the separator and the padding.
    fn alphabet(&self) -> u32 {
        match self.rule {
            Rule::Dyck | Rule::DyckShuffle => self.kinds.saturating_mul(2),
            Rule::Automaton => 2,
            _ => self.symbols,
        }
    }

    /// The padding, which is the last symbol of the vocabulary; brackets have no separator before it.
    fn padding(&self) -> u32 {
        self.alphabet().saturating_add(u32::from(!self.is_of_brackets()))
    }

    fn is_of_brackets(&self) -> bool {
        matches!(self.rule, Rule::Dyck | Rule::DyckShuffle)
    }
}

impl Room for Procedural {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        let balanced = self.rule != Rule::Dyck || self.sequence_length.is_multiple_of(2);
        let sentence = format!("must be even, for every bracket is closed; it is {}", self.sequence_length);
        problems.rule(balanced, "sequence_length", sentence);
        let key = if self.rule == Rule::Automaton { "rows" } else { "sequence_length" };
        sequences::context_rules(key, self.context(), problems);
        sequences::rules(self.test, self.context(), problems);
    }
}

impl Described for Procedural {
    fn outline(&self) -> Outline {
        let vocabulary = self.padding().saturating_add(1) as usize;
        Outline {
            reading: Reading::Sequences { tokens: self.context() as usize, vocabulary },
            training_examples: ENDLESS,
            test_examples: self.test,
            file: None,
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Procedural {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        let (task, form) = (*self, (self.outline().reading, self.padding() as u16));
        let draw = move |stream: &mut crate::random::Stream, step| engine::sequence(&task, stream, step);
        Ok(Box::new(sequences::SequenceTask::new("procedural", form, self.test, source, draw)))
    }
}
