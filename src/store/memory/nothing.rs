//! What doors, terms and the archive ask of a store, and this one has not: nothing is simulated there.

/// Says no to all of it, for a store.
macro_rules! keeps_nothing {
    ($store:ty, $no:expr) => {
        const _: () = {
            use async_trait::async_trait;

            use crate::{
                domain::{
                    Time,
                    ids::{OrderId, PartnerId, SkuId},
                },
                store::{
                    StoreError, UntRow,
                    archive::{ArchRow, ArchiveStore, Moving, Stretch, Sum},
                    door::{AdminStore, DoorAuditRow, HookLetterRow, HookRow},
                    people::{
                        AccessQuery, AccessRow, CountBy, LineCount, LineQuery, LineRow, PeopleStore, ReviewQuery,
                        ReviewRow,
                    },
                    retention::{Expiring, KeepsPerson, RetentionStore},
                    rows::{AditRow, AprvRow, ExchRow, LnkRow, OrdRow, PrsnRow, RsvRow, RtnRow},
                    seals::{SealAt, SealStore},
                },
            };

            #[async_trait]
            impl AdminStore for $store {
                async fn note(&self, _: &DoorAuditRow) -> Result<(), StoreError> {
                    $no
                }
                async fn unnote(&self, _: &str) -> Result<(), StoreError> {
                    $no
                }
                async fn notes(&self, _: Option<&str>, _: u32) -> Result<Vec<DoorAuditRow>, StoreError> {
                    $no
                }
                async fn order_notes(&self, _: &OrderId) -> Result<Vec<AditRow>, StoreError> {
                    $no
                }
                async fn erase(&self, _: &[OrderId]) -> Result<u64, StoreError> {
                    $no
                }
                async fn erase_recipients(&self, _: &[OrderId]) -> Result<u64, StoreError> {
                    $no
                }
                async fn erase_words(&self, _: &OrderId, _: &[String], _: &[(i64, String)]) -> Result<(), StoreError> {
                    $no
                }
                async fn hook(&self, _: &str) -> Result<Vec<HookRow>, StoreError> {
                    $no
                }
                async fn hook_at(&self, _: &HookRow) -> Result<(), StoreError> {
                    $no
                }
                async fn hook_letter(&self, _: &HookLetterRow) -> Result<(), StoreError> {
                    $no
                }
                async fn hook_letters(
                    &self,
                    _: &str,
                    _: Option<&str>,
                    _: u32,
                ) -> Result<Vec<HookLetterRow>, StoreError> {
                    $no
                }
                async fn hook_letter_of(&self, _: &str, _: &str) -> Result<Option<HookLetterRow>, StoreError> {
                    $no
                }
                async fn hook_letter_says(&self, _: &str, _: &str) -> Result<(), StoreError> {
                    $no
                }
                async fn hook_letter_done(&self, _: &str, _: &str) -> Result<bool, StoreError> {
                    $no
                }
                async fn hook_letter_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
                    $no
                }
            }

            #[async_trait]
            impl PeopleStore for $store {
                async fn find_lines(&self, _: &LineQuery) -> Result<Vec<LineRow>, StoreError> {
                    $no
                }
                async fn count_lines(&self, _: &LineQuery, _: CountBy) -> Result<Vec<LineCount>, StoreError> {
                    $no
                }
                async fn persons(&self, _: &[OrderId]) -> Result<Vec<PrsnRow>, StoreError> {
                    $no
                }
                async fn parents(&self, _: &[OrderId]) -> Result<Vec<LnkRow>, StoreError> {
                    $no
                }
                async fn children(&self, _: &[OrderId]) -> Result<Vec<LnkRow>, StoreError> {
                    $no
                }
                async fn claims(&self, _: &[OrderId]) -> Result<(Vec<RtnRow>, Vec<ExchRow>), StoreError> {
                    $no
                }
                async fn units_named(&self, _: &[SkuId]) -> Result<Vec<UntRow>, StoreError> {
                    $no
                }
                async fn units_of(&self, _: &PartnerId, _: Option<&str>, _: u32) -> Result<Vec<UntRow>, StoreError> {
                    $no
                }
                async fn reviews(&self, _: &ReviewQuery) -> Result<Vec<ReviewRow>, StoreError> {
                    $no
                }
                async fn note_access(&self, _: &[AccessRow]) -> Result<(), StoreError> {
                    $no
                }
                async fn accesses(&self, _: &AccessQuery) -> Result<Vec<AccessRow>, StoreError> {
                    $no
                }
            }

            #[async_trait]
            impl RetentionStore for $store {
                async fn expire(&self, _: Expiring, _: Time, _: u32) -> Result<u64, StoreError> {
                    $no
                }
                async fn keeping_persons(&self, _: Option<&str>, _: u32) -> Result<Vec<KeepsPerson>, StoreError> {
                    $no
                }
                async fn keeping_words(&self, _: Option<&str>, _: u32) -> Result<Vec<KeepsPerson>, StoreError> {
                    $no
                }
            }

            #[async_trait]
            impl SealStore for $store {
                async fn noted(&self, _: &str) -> Result<Option<String>, StoreError> {
                    Ok(None)
                }
                async fn note_if(&self, _: &str, _: Option<&str>, _: &str) -> Result<bool, StoreError> {
                    $no
                }
                async fn note_as(&self, _: &str, _: &str) -> Result<(), StoreError> {
                    $no
                }
                async fn secrets(&self, _: Option<&SealAt>, _: u32) -> Result<Vec<PrsnRow>, StoreError> {
                    $no
                }
                async fn bare_approvals(&self, _: Option<&SealAt>, _: u32) -> Result<Vec<AprvRow>, StoreError> {
                    $no
                }
                async fn sealed_again(&self, _: &PrsnRow, _: &str) -> Result<bool, StoreError> {
                    $no
                }
                async fn approval_sealed(&self, _: &AprvRow, _: &[PrsnRow]) -> Result<bool, StoreError> {
                    $no
                }
                async fn owned(&self) -> Result<Vec<i64>, StoreError> {
                    $no
                }
            }

            #[async_trait]
            impl ArchiveStore for $store {
                async fn ended(
                    &self,
                    _: Time,
                    _: Option<&(Time, OrderId)>,
                    _: u32,
                ) -> Result<Vec<(Time, OrderId)>, StoreError> {
                    $no
                }
                async fn reserved_for(&self, _: &[OrderId]) -> Result<Vec<RsvRow>, StoreError> {
                    $no
                }
                async fn awaited(&self, _: &[OrderId]) -> Result<Vec<OrderId>, StoreError> {
                    $no
                }
                async fn archive_orders(&self, _: &[Moving], _: Time) -> Result<Vec<Sum>, StoreError> {
                    $no
                }
                async fn older_ledger(&self, _: &SkuId, _: Time, _: u32) -> Result<Option<Stretch>, StoreError> {
                    $no
                }
                async fn archive_ledger(&self, _: &Stretch, _: Time) -> Result<Sum, StoreError> {
                    $no
                }
                async fn archive_entry(&self, _: &OrderId) -> Result<Option<ArchRow>, StoreError> {
                    Ok(None)
                }
                async fn archived_rows(&self, _: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
                    Ok(Vec::new())
                }
                async fn archived_sums(&self, _: &[OrderId]) -> Result<Vec<Sum>, StoreError> {
                    Ok(Vec::new())
                }
                async fn archived_ledger_sum(&self, _: &Stretch) -> Result<Sum, StoreError> {
                    $no
                }
            }
        };
    };
}

pub(crate) use keeps_nothing;
