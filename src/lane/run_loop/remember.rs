//! What a lane remembers of commands before it decides the first one: the window, filled from the answers that are out.

use std::sync::Arc;

use super::LaneLoop;
use crate::{
    lane::LaneEnd,
    log::{EntryId, LogError, OutEntry, Outbound},
    protocol::Answer,
};

/// Of how many outbound entries of each answer stream the window is filled at a time.
const WINDOW_ENTRIES: usize = 1_000;

impl LaneLoop {
    /// Fills the window. A log that doesn't answer is asked again: without its refusals the lane would decide retries anew.
    pub(super) async fn remember(&self) -> Result<(), LaneEnd> {
        let (partition, stop) = (self.parts.partition, &self.shared.stop);
        let answers = self.parts.pulse.had((partition, "the last answers"), stop, async || self.answers().await).await;
        let mut window = self.window.borrow_mut();
        answers.ok_or(LaneEnd::Stopped)?.into_iter().for_each(|answer| window.hear(Arc::new(answer)));
        Ok(())
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
