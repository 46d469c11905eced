//! What the page says while a session is under way, and what follows from it.
//!
//! Pause and Resume are answered as soon as they are heard; a Stop is too, or another Start, and the session is then
//! over. All of them are heard between two advances, and on the CPU engine, where one step can take long, also between
//! two variants of a step.

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;
use kappa_core::protocol::{Command, Event};
use kappa_core::train::Wish;
use web_time::{Duration, Instant};

use crate::browser;

/// How long a step may go on without a look at what was said: half of the time in which Pause is to be answered.
const LISTEN_EVERY: Duration = Duration::from_millis(50);

/// What the session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Train; a single step if the page asked for just that.
    Advance {
        /// Whether it did.
        single: bool,
    },
    /// Send a checkpoint.
    Save,
    /// Nothing more.
    End,
}

/// The page's commands, and what holds of them now.
pub struct Control {
    commands: UnboundedReceiver<Command>,
    paused: bool,
    single: bool,
    save: bool,
    ended: bool,
    /// The command that ended the session, if it begins another one.
    start: Option<Command>,
    heard: Instant,
}

impl Control {
    /// Takes commands from here.
    pub fn new(commands: UnboundedReceiver<Command>) -> Self {
        Self {
            commands,
            paused: false,
            single: false,
            save: false,
            ended: false,
            start: None,
            heard: Instant::now(),
        }
    }

    /// The next command while no session is under way; `None` if the page is gone.
    pub async fn command(&mut self) -> Option<Command> {
        match self.start.take() {
            Some(command) => Some(command),
            None => self.commands.next().await,
        }
    }

    /// A new session, of which nothing has been said yet.
    pub fn begin(&mut self) {
        (self.paused, self.single, self.save, self.ended) = (false, false, false, false);
        self.start = None;
    }

    /// Whether training is halted.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether the session is over.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Lets a checkpoint be sent next.
    pub fn save(&mut self) {
        self.save = true;
    }

    /// What to do next. While paused it sleeps until something is said.
    pub async fn next(&mut self) -> Next {
        self.listen().await;
        loop {
            if self.ended {
                return Next::End;
            }
            if std::mem::take(&mut self.save) {
                return Next::Save;
            }
            let single = std::mem::take(&mut self.single);
            if single || !self.paused {
                return Next::Advance { single };
            }
            match self.commands.next().await {
                Some(command) => self.hear(command),
                None => self.ended = true,
            }
            self.hear_all();
        }
    }

    /// What is wished between two variants of a step, if it is time to look.
    pub async fn between(&mut self) -> Wish {
        if self.heard.elapsed() >= LISTEN_EVERY {
            self.listen().await;
        }
        match (self.ended, self.paused) {
            (true, _) => Wish::Abandon,
            (false, true) => Wish::EndStep,
            (false, false) => Wish::GoOn,
        }
    }

    async fn listen(&mut self) {
        browser::turn().await;
        self.heard = Instant::now();
        self.hear_all();
    }

    fn hear_all(&mut self) {
        // What follows a Stop or a Start is not for this session.
        while !self.ended
            && let Ok(command) = self.commands.try_recv()
        {
            self.hear(command);
        }
    }

    fn hear(&mut self, command: Command) {
        match command {
            Command::Pause | Command::Resume => {
                self.paused = command == Command::Pause;
                browser::post(&Event::Paused(self.paused));
            }
            Command::Step => self.single = self.paused,
            Command::Checkpoint => self.save = true,
            Command::LoseDevice => browser::lose(),
            Command::Stop => {
                self.ended = true;
                browser::post(&Event::Stopped);
            }
            Command::Start { .. } => {
                self.ended = true;
                self.start = Some(command);
            }
        }
    }
}
