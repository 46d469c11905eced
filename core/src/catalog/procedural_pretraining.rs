//! Procedural Pretraining: parts of networks that have learned a simple rule, as the start for another task.

use super::{Background, Companion, Paper, Reported, Source};

/// Shinnick, Jiang, Saratchandran, van den Hengel, Teney; MOSS workshop at ICML 2025. Its continuation: Jiang, Shinnick, van
/// den Hengel, Saratchandran, Teney; ICML 2026.
pub const PAPER: Paper = Paper {
    id: "procedural-pretraining",
    title: "Transformers Pretrained on Procedural Data Contain Modular Structures for Algorithmic Reasoning",
    short_title: "Procedural pretraining",
    authors: &[
        "Zachary Shinnick",
        "Liangze Jiang",
        "Hemanth Saratchandran",
        "Anton van den Hengel",
        "Damien Teney",
    ],
    venue: "ICML 2025 workshop (MOSS)",
    url: "https://arxiv.org/abs/2505.22308",
    claim: "A network that has learned a simple rule carries useful structure in single parts, mostly in its attention: \
            transferred into a fresh network they help it to learn another task, and parts of several networks can be composed.",
    slot: "start from trained networks",
    controls: &[
        "source.1.take",
        "source.1.form",
        "source.1.set",
        "source.3.take",
        "task.keys",
        "task.vocabulary",
        "model.width",
        "training.learning_rate",
        "training.steps",
        "seeds.count",
    ],
    companions: &[PARTS, LONG, ADDITION, FORWARD, SORTING],
};

/// What it reports, and what to know before comparing.
pub const BACKGROUND: Background = Background {
    reported: &[
        composition("Haystack, 30 pairs, accuracy", "attention from Set", 11.3, 88.9),
        composition("Haystack, 30 pairs, accuracy", "attention from Set, MLP from the automaton", 11.3, 94.4),
        composition("Haystack, 30 pairs, accuracy", "the whole network from the automaton", 11.3, 10.5),
        partial("Haystack, 30 pairs, accuracy", "attention from Identity", 11.3, 99.0),
        partial("Haystack, 30 pairs, accuracy", "the whole network from Identity", 11.3, 18.8),
        composition("Addition, accuracy", "attention from Set, MLP from the automaton", 59.1, 80.3),
        composition("Reversed addition, accuracy", "attention from Set", 76.4, 54.4),
        composition("Reversed addition, accuracy", "the whole network from the automaton", 76.4, 91.0),
        composition("Reversed addition, accuracy", "attention from Set, MLP from the automaton", 76.4, 82.9),
        composition("Sorting, accuracy", "attention from Set, MLP from the automaton", 82.7, 99.4),
        composition("Addition, accuracy", "attention from Set", 59.1, 81.1),
        composition("Addition, accuracy", "the whole network from the automaton", 59.1, 69.6),
        composition("Sorting, accuracy", "attention from Set", 82.7, 98.1),
        composition("Sorting, accuracy", "the whole network from the automaton", 82.7, 76.9),
        statistics("Haystack, 30 pairs, accuracy", "the best rule (Dyck)", 11.3, 96.9),
        statistics("Haystack, 30 pairs, accuracy", "the best shuffled rule", 11.3, 10.3),
    ],
    notes: &[
        "Continued in Procedural Pretraining: Warming Up Language Models with Abstract Data, ICML 2026 (arXiv 2601.21725), \
         which has more rules, larger networks and text.",
        "The reported numbers are those of the authors' project page; the paper's own text was not read.",
        "The paper's task has up to 30 pairs and 256 symbols, 1000 sequences a step and 10,000 steps; here it is smaller, so that \
         guessing reaches more.",
        "In the authors' code a transfer of everything also replaces every embedding and every row of the head by one mean \
         vector, and a transfer of attention does not; the companion on parts has the blocks with fresh embeddings in between.",
        "The sources read their answers by the table of symbols (a tied head), as GPT-2 does; the networks that start from them \
         have a head of their own, as in the authors' code.",
        "The paper's lists grow from two symbols on as they are learned; here they have their whole length from the start, since \
         in trials that are not recorded few seeds learned a list that grew.",
        "The paper composes attention of Set with the automaton's MLP. With sixteen numbers a token no seed of ours learned Set at \
         its whole length (trials that are not recorded), so attention of Identity stands in its place on the other tasks too.",
        "The rate of the sources is fixed, that of every variant is tuned, over fewer steps.",
        "The authors drop a tenth of the activations while they pretrain; nothing is dropped here.",
        "The automaton's generator is not published; here it is a row of ten cells in a ring and the rows that follow.",
    ],
};

/// What of a network helps, and how long it must have learned.
const PARTS: Companion = Companion {
    id: "procedural-pretraining-parts",
    short_title: "Which parts, what dose",
    summary: "From one rule: attention alone, the blocks with fresh embeddings, everything with mean embeddings; and attention of a \
              shorter pretraining.",
    controls: &["source.1.take", "source.1.embeddings", "source.1.set", "training.steps", "seeds.count"],
};

/// The size at which it shows, if it does.
const LONG: Companion = Companion {
    id: "procedural-pretraining-long",
    short_title: "Twice as long",
    summary: "The first experiment with twice the steps: attention of a rule, and its two controls. Best on a GPU or natively.",
    controls: &["source.1.take", "source.1.form", "training.learning_rate", "training.steps", "seeds.count"],
};

/// Where the paper's attention of Set harms.
const ADDITION: Companion = Companion {
    id: "procedural-pretraining-addition",
    short_title: "Reversed addition",
    summary: "Sums from their last digit on: the paper has attention of Set harm, the automaton help, and their composition in between.",
    controls: &OF_TASKS,
};

/// Where all of the paper's sources help.
const FORWARD: Companion = Companion {
    id: "procedural-pretraining-forward",
    short_title: "Addition",
    summary: "Sums from their first digit on: the paper has attention of Set help, the automaton a little, and both composed.",
    controls: &OF_TASKS,
};

/// Another task on which the composed network should help.
const SORTING: Companion = Companion {
    id: "procedural-pretraining-sorting",
    short_title: "Sorting",
    summary: "Lists in rising order: the paper has attention of Set help, the automaton harm, and both composed help most.",
    controls: &OF_TASKS,
};

/// What one changes where sources meet another task.
const OF_TASKS: [&str; 5] = ["source.1.take", "source.2.take", "task", "training.steps", "seeds.count"];

/// A cell of the table of compositions, beside the row without pretraining.
const fn composition(
    what: &'static str,
    variant_name: &'static str,
    baseline: f64,
    variant: f64,
) -> Reported {
    let source = Source::Secondary("the authors' project page: the table of compositions");
    Reported::percent(what, variant_name, [baseline, variant], source)
}

/// A row on the transfer of parts.
const fn partial(what: &'static str, variant_name: &'static str, baseline: f64, variant: f64) -> Reported {
    let source = Source::Secondary("notes on the paper: transfer of parts");
    Reported::percent(what, variant_name, [baseline, variant], source)
}

/// A row of the comparison with shuffled sequences.
const fn statistics(what: &'static str, variant_name: &'static str, baseline: f64, variant: f64) -> Reported {
    let source = Source::Secondary("the authors' project page: structure against statistics");
    Reported::percent(what, variant_name, [baseline, variant], source)
}
