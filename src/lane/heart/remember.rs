//! What a lane remembers of commands before it decides the first one: the window, filled from the answers that are out.

use std::{sync::Arc, time::Duration};

use super::Heart;
use crate::{
    lane::{
        LaneEnd,
        pulse::{Part, Pause},
    },
    log::{EntryId, LogError, OutEntry, Outbound},
    protocol::Answer,
};

/// Of how many outbound entries of each answer stream the window is filled at a time.
const WINDOW_ENTRIES: usize = 1_000;
/// The longest pause between tries to read them.
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Heart {
    /// Fills the window. A log that doesn't answer is asked again: without its refusals the lane would decide retries anew.
    pub(super) async fn remember(&self) -> Result<(), LaneEnd> {
        let mut pause = Pause::up_to(PAUSE_MAX);
        loop {
            let answers = tokio::select! {
                answers = self.answers() => answers,
                () = self.shared.stop.cancelled() => return Err(LaneEnd::Stopped),
            };
            match answers {
                Ok(answers) => {
                    self.parts.pulse.well(Part::Start);
                    let mut window = self.window.borrow_mut();
                    answers.into_iter().for_each(|answer| window.hear(Arc::new(answer)));
                    return Ok(());
                }
                Err(e) => {
                    if let Some(unsaid) = self.parts.pulse.trouble(Part::Start, &e.to_string()) {
                        let partition = self.parts.partition;
                        tracing::error!(partition, error = %e, unsaid, "reading the last answers failed; trying again");
                    }
                }
            }
            if !pause.wait(&self.shared.stop).await {
                return Err(LaneEnd::Stopped);
            }
        }
    }

    /// The newest answers of all streams, oldest first: as many as the window takes, or all that are kept.
    async fn answers(&self) -> Result<Vec<Answer>, LogError> {
        let (log, partition) = (&self.parts.log, self.parts.partition);
        let mut streams = vec![(Outbound::Answers, EntryId::LAST)];
        let names = log.reply_names(partition).await?;
        streams.extend(names.into_iter().map(|name| (Outbound::AnswersTo(name), EntryId::LAST)));
        let (mut read, mut answers) = (Vec::new(), 0);
        // a page of each in turn, so that a stream of many answers leaves room for one of few
        let most = self.window.borrow().max();
        while !streams.is_empty() && answers < most {
            let mut on = Vec::new();
            for (stream, before) in streams {
                let page = log.earlier(partition, &stream, before, WINDOW_ENTRIES).await?;
                if let Some(first) = page.first().filter(|_| page.len() == WINDOW_ENTRIES) {
                    on.push((stream, first.id));
                }
                for OutEntry { id, json, .. } in page {
                    let some: Vec<Answer> = serde_json::from_str(&json).unwrap_or_default();
                    answers += some.len();
                    read.push((id, some));
                }
            }
            streams = on;
        }
        read.sort_by_key(|(id, _)| *id);
        Ok(read.into_iter().flat_map(|(_, some)| some).collect())
    }
}
