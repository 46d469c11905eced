//! What a choice can know of the experiment in which it stands, without knowing any other choice by name: the shape of
//! the task, and how the network brings its tokens together. Plain data, below everything else.

/// What surrounds a choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surroundings {
    /// What the task gives to read.
    pub reading: Reading,
    /// How the network's tokens come together.
    pub mixing: Mixing,
    /// Width D of a token.
    pub width: u32,
    /// Standard deviation of the first positions, 0 for sines and cosines; `None` where positions are not learned.
    pub positions: Option<f32>,
    /// Whether the network's matrices start at zero, so that there is nothing to divide by.
    pub starts_at_zero: bool,
}

/// How the tokens of a network come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mixing {
    /// By maps that are made from the tokens themselves.
    Attention,
    /// By a matrix that is the same for all examples.
    Matrix,
    /// By filters over the grid of tokens.
    Filters,
    /// Not at all: there are no tokens.
    Nothing,
}

impl Surroundings {
    /// Whether the network has attention maps.
    pub fn attends(&self) -> bool {
        self.mixing == Mixing::Attention
    }

    /// Whether the network has tokens.
    pub fn has_tokens(&self) -> bool {
        self.mixing != Mixing::Nothing
    }
}

/// What a network reads and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Images, cut into square patches that go row by row: one class each.
    Patches {
        /// N, a square number.
        tokens: usize,
        /// Numbers F of one patch.
        features: usize,
        /// Classes.
        classes: usize,
    },
    /// Text: the next character at every place.
    Characters {
        /// N.
        tokens: usize,
        /// Different characters V.
        vocabulary: usize,
    },
    /// Sequences of symbols: the next symbol, at every place where it is asked for.
    Sequences {
        /// N.
        tokens: usize,
        /// Different symbols V.
        vocabulary: usize,
    },
    /// Lists of symbols: one class each.
    Symbols {
        /// N.
        tokens: usize,
        /// Different symbols V.
        vocabulary: usize,
        /// Classes.
        classes: usize,
        /// Whether symbol 0 stands for no symbol, after the end of a list that is shorter: a network must not see it.
        padded: bool,
    },
    /// Places: values at each.
    Places {
        /// Values of a place.
        outputs: usize,
    },
    /// Rows of numbers: a row of values for each.
    Rows {
        /// Numbers of a row.
        inputs: usize,
        /// Values of its answer.
        outputs: usize,
    },
}

impl Reading {
    /// Tokens of an example, N; 1 where places or rows are read.
    pub fn tokens(&self) -> usize {
        match *self {
            Self::Patches { tokens, .. }
            | Self::Characters { tokens, .. }
            | Self::Sequences { tokens, .. }
            | Self::Symbols { tokens, .. } => tokens,
            Self::Places { .. } | Self::Rows { .. } => 1,
        }
    }

    /// Numbers that a token is made from: the pixels of a patch, the symbols that there are, the coordinates of a
    /// place.
    pub fn features(&self) -> usize {
        match *self {
            Self::Patches { features, .. } => features,
            Self::Characters { vocabulary, .. }
            | Self::Sequences { vocabulary, .. }
            | Self::Symbols { vocabulary, .. } => vocabulary,
            Self::Places { .. } => 2,
            Self::Rows { inputs, .. } => inputs,
        }
    }

    /// Classes, the characters or symbols that may come next, or the values of a place or row.
    pub fn outputs(&self) -> usize {
        match *self {
            Self::Patches { classes, .. } | Self::Symbols { classes, .. } => classes,
            Self::Characters { vocabulary, .. } | Self::Sequences { vocabulary, .. } => vocabulary,
            Self::Places { outputs } | Self::Rows { outputs, .. } => outputs,
        }
    }

    /// Whether a token must not see those after it.
    pub fn is_causal(&self) -> bool {
        matches!(self, Self::Characters { .. } | Self::Sequences { .. })
    }

    /// Whether lists are of different lengths, with symbol 0 where there is nothing.
    pub fn is_padded(&self) -> bool {
        matches!(self, Self::Symbols { padded: true, .. })
    }

    /// Whether the tokens are patches of an image.
    pub fn is_image(&self) -> bool {
        matches!(self, Self::Patches { .. })
    }
}
