// Every text in Korean and English; codes of the protocol in words.

let now = localStorage.getItem('jumun.lang') ?? (navigator.language.toLowerCase().startsWith('ko') ? 'ko' : 'en');
export const lang = () => now;
export function setLang(value) {
  now = value;
  localStorage.setItem('jumun.lang', value);
}

const TEXTS = {
  live: ['실시간', 'Live'], orders: ['주문', 'Orders'], letters: ['미처리 명령', 'Dead letters'], stock: ['재고', 'Stock'],
  campaigns: ['판매행사', 'Campaigns'], webhooks: ['웹훅', 'Webhooks'], audit: ['감사이력', 'Audit'], erase: ['개인정보 삭제', 'Erase personal data'], api: ['API 문서', 'API reference'],
  more: ['더 보기', 'More'], console: ['운영 콘솔', 'operator console'], menu: ['메뉴', 'Menu'],
  notice: ['알림', 'Notice'], skip: ['본문으로 건너뛰기', 'Skip to content'],
  to_english: ['English', 'English'], to_korean: ['한국어', '한국어'], dark: ['어둡게', 'Dark'], light: ['밝게', 'Light'],
  sign_in: ['로그인', 'Sign in'], sign_out: ['로그아웃', 'Sign out'], token: ['토큰', 'Token'],
  token_hint: ['jumun token 이 만든 값입니다. 이 탭을 닫으면 잊습니다.', 'What “jumun token” made. It is forgotten when this tab closes.'],
  token_wrong: ['이 토큰은 받아들여지지 않았습니다.', 'This token was not accepted.'],
  no_authentication_text: ['개발 모드: 토큰이 없어 누구나 이 서버를 조작할 수 있습니다. 운영에서는 --tokens 를 주십시오.',
    'Development mode: no tokens are set, so anyone can operate this server. Give --tokens in production.'],
  connected: ['연결됨', 'Connected'], disconnected: ['연결 끊김 · 다시 연결하는 중', 'Disconnected · reconnecting'],
  connecting: ['연결하는 중', 'Connecting'], live_denied: ['이 토큰으로는 실시간 현황을 볼 수 없습니다.', 'This token may not see the live view.'],
  stale: ['마지막으로 받은 값입니다.', 'These are the last values received.'],
  forbidden_here: ['이 토큰으로는 할 수 없습니다.', 'This token may not do that.'],
  fault: ['서버에 문제가 있습니다.', 'The server has a problem.'], nothing: ['없습니다.', 'Nothing here.'],
  loading: ['불러오는 중…', 'Loading…'], retry: ['다시 시도', 'Try again'], refresh: ['새로 고침', 'Refresh'],
  no_page: ['그런 화면은 없습니다.', 'There is no such page.'], pages: ['쪽 이동', 'Pages'],
  first_page: ['처음', 'First'], next_page: ['다음', 'Next'], api_without: ['API 문서는 로그인 없이 볼 수 있습니다.', 'The API reference can be read without signing in.'],
  // live
  orders_s: ['초당 주문', 'Orders/s'], refusals_s: ['초당 거절', 'Refusals/s'], p99: ['p99 응답', 'p99 answer'],
  lag: ['밀린 명령', 'Lag'], placed: ['접수된 주문', 'Orders placed'], refused_total: ['거절된 명령', 'Refused commands'],
  failed_total: ['실패한 명령', 'Failed commands'], commands_waiting: ['명령', 'commands'],
  chart_orders: ['접수된 주문 (초당)', 'Orders accepted per second'], chart_refusals: ['사유별 거절 (초당)', 'Refusals per second, by reason'],
  chart_latency: ['응답 시간 (ms)', 'Answer time (ms)'], chart_left: ['단품별 남은 재고', 'Stock left, by SKU'],
  chart_work: ['밀린 명령 · 확인 대기 · 처리 중', 'Lag, pending, in flight'], last_2m: ['최근 2분', 'last 2 minutes'], now: ['지금', 'now'],
  no_refusals: ['거절 없음', 'no refusals'], other: ['그 밖', 'other'],
  hot: ['많이 팔리는 재고', 'Hot stock'], no_hot: ['아직 팔린 단품이 없습니다.', 'No SKU has sold yet.'],
  left: ['남음', 'left'], held: ['선점', 'held'], sold: ['판매 (재판매 포함)', 'sales incl. resold'], sold_net: ['순판매', 'net sold'], returned_units: ['되돌아옴', 'returned'],
  sold_about: ['순판매는 지금 주문이 가진 수량입니다: 판매에서 취소·반품으로 되돌아온 수량을 뺍니다. 되돌아온 재고가 다시 팔리면 판매에 다시 셉니다. 판매가 입고보다 커도 초과 판매가 아닙니다.',
    'Net sold is what orders have now: sales less what came back. A unit that came back and was sold again counts again, so sales may be more than the units there were, without overselling.'],
  lanes: ['레인 상태', 'Lanes'], partition: ['파티션', 'Partition'], pending: ['확인 대기', 'Pending'], in_flight: ['처리 중', 'In flight'],
  resets: ['재시작', 'Resets'], dead: ['미처리 명령', 'Dead letters'], health: ['상태', 'Health'],
  ok: ['정상', 'OK'], look: ['확인 필요', 'Needs a look'], broken: ['움직이지 않거나 오류 뒤에 다시 시작된 파티션이 있습니다.', 'A partition does not move, or was started again after a fault.'],
  owned: ['이 서버가 맡은 파티션', 'Partitions owned'], since_start: ['서버 시작 이후', 'since the server started'],
  // orders
  order: ['주문', 'Order'], order_id: ['주문번호', 'Order id'], customer: ['고객번호', 'Customer id'], status: ['상태', 'Status'],
  placed_from: ['접수일시: 부터', 'Placed from'], placed_before: ['접수일시: 전까지', 'Placed before'],
  before_from: ['시작보다 뒤여야 합니다.', 'This must be later than the other.'],
  any: ['모두', 'Any'], find: ['찾기', 'Find'], open: ['열기', 'Open'], placed_at: ['접수', 'Placed'], paid_at: ['결제', 'Paid'],
  total: ['결제금액', 'Total'], goods: ['상품금액', 'Goods'], discount: ['할인', 'Discount'], shipping: ['배송비', 'Shipping'],
  reductions: ['취소·반품', 'Cancelled, returned'],
  deadline: ['결제기한', 'Payment deadline'], version: ['버전', 'Version'], no_orders: ['조건에 맞는 주문이 없습니다.', 'No order fits.'],
  lines: ['주문상품', 'Lines'], one_line: ['주문상품', 'Line'], line: ['번호', 'Line'], sku: ['단품', 'SKU'], units: ['수량', 'Units'], active: ['유효', 'active'],
  price: ['단가', 'Unit price'], pay: ['금액', 'Pays'], refunded: ['환불', 'Refunded'], refunded_planned: ['환불예정 / 환불완료', 'Refund planned / done'], delivery: ['배송', 'Delivery'], gift: ['사은품', 'gift'],
  cancelled: ['취소', 'cancelled'], returned: ['반품', 'returned'], exchanged: ['교환', 'exchanged'], in_claims: ['클레임 중', 'in claims'],
  money: ['돈', 'Money'], settlement: ['결제', 'Settlement'], paid: ['결제금액', 'Paid'], refundable: ['환불가능', 'refundable'],
  planned: ['환불예정', 'planned'], excluded: ['환불제외', 'excluded'], back: ['환불완료', 'refunded'], awaited: ['입금 대기', 'Deposit awaited'],
  no_money: ['아직 결제되지 않았습니다.', 'Not paid yet.'],
  refunds: ['환불: 돈은 어디에 있나', 'Refunds: where is my money'], no_refunds: ['환불이 없습니다.', 'No refunds.'],
  amount: ['금액', 'Amount'], asked_at: ['예정일시', 'Planned at'], next_attempt_at: ['다음 시도', 'Next attempt'],
  last_failure: ['마지막 실패', 'Last failure'], key: ['환불키', 'Refund key'],
  fees: ['배송비', 'Fees'], partner: ['협력사', 'Partner'], why: ['사유', 'Reason'], fee_refunded: ['돌려준 금액', 'Refunded'], no_fees: ['배송비가 없습니다.', 'No fees.'],
  of_return: ['반품', 'Return'], unpaid: ['미납', 'unpaid'],
  claims: ['클레임', 'Claims'], no_claims: ['클레임이 없습니다.', 'No claims.'], cancellation: ['취소', 'Cancellation'], return: ['반품', 'Return'],
  exchange: ['교환', 'Exchange'], fault_of: ['귀책', 'Fault'], refund_outcome: ['결제사 응답', 'Outcome at the payment provider'], timing: ['환불 시점', 'Refund'], withheld_amount: ['차감', 'Withheld'],
  requested: ['접수', 'Requested'], decided: ['결정', 'Decided'], collected: ['회수', 'Collected'], completed: ['완료', 'Completed'],
  resolution: ['방식', 'Resolution'], new_line: ['새 주문상품', 'New line'], wanted: ['희망단품', 'Wanted instead'], ends_exchange: ['끝내는 교환', 'Ends exchange'],
  procurements: ['발주', 'Procurement'], kind: ['종류', 'Kind'], at: ['일시', 'At'],
  family: ['연결된 주문', 'Linked orders'], parent: ['상위 주문', 'Parent'], this_order: ['이 주문', 'this order'],
  family_cut: ['더 있습니다. 아래로 5단계, 주문 40건까지만 보입니다.', 'There are more: five generations down and 40 orders are shown at most.'],
  show_whole: ['전체 보기 (기록됩니다)', 'Show all (this is written down)'],
  destination: ['배송지', 'Destination'], timeline: ['이력', 'Timeline'], by: ['요청', 'by'], refused: ['거절', 'Refused'],
  refusals_unknown: ['거절된 명령은 알 수 없습니다.', 'Refused commands are not known.'], refusals_partial: ['이보다 오래된 거절은 빠져 있을 수 있습니다.', 'Older refusals may be missing.'], raw: ['원본', 'As stored'],
  actions: ['할 일', 'Actions'], no_actions: ['지금 할 수 있는 일이 없습니다.', 'Nothing can be done now.'],
  changed: ['주문이 바뀌어 새로 표시했습니다.', 'The order changed; this is the new state.'], linked_order: ['연결주문', 'Linked order'],
  // actions
  cancel_lines: ['주문 취소', 'Cancel lines'], request_return: ['반품 접수', 'Request return'], approve_return: ['반품 승인', 'Approve return'],
  reject_return: ['반품 거절', 'Reject return'], withdraw_return: ['반품 철회', 'Withdraw return'], collect_return: ['회수 확인', 'Confirm collection'],
  complete_return: ['반품 완료', 'Complete return'], collect_exchange: ['교환 회수 확인', 'Confirm collection'], inspect_exchange: ['교환 회수 검수', 'Inspect what came'],
  withdraw_rest: ['미회수분 철회', 'Withdraw what is out'], write_off_return: ['미회수분 손실처리', 'Write off'], write_off_exchange: ['미회수분 손실처리', 'Write off'],
  set_refund_account: ['환불계좌 지정', 'Set refund account'], waive_debt: ['미납 면제', 'Waive'], waived_amount: ['면제 금액 (원, 비우면 전부)', 'Amount to waive (won; empty: all of it)'],
  waive_collection: ['회수 면제', 'Waive collection'], withdraw_exchange: ['교환 철회', 'Withdraw exchange'], rejected_units: ['구매자에게 반송', 'Back to the buyer'],
  show_accounts: ['계좌 보기 (기록됩니다)', 'Show accounts (this is written down)'], accounts: ['계좌', 'Accounts'], deposit_account: ['입금계좌', 'Deposit account'],
  refunded_to: ['환불된 계좌', 'Refunded to'], unreadable: ['다른 키로 암호화되어 읽을 수 없습니다.', 'Encrypted by another key: it can’t be read.'],
  refund_account: ['환불계좌', 'Refund account'], account_bank: ['은행코드', 'Bank code'], account_number: ['계좌번호', 'Account number'], account_holder: ['계좌의 예금주', 'Whose account'],
  ship_method: ['배송방법', 'How it goes'], method_parcel: ['택배', 'Parcel service'], method_own: ['직접배송', 'Own delivery'], method_quick: ['퀵서비스', 'Quick service'], method_pickup: ['방문수령', 'Picked up'],
  carrier_name: ['택배사 이름 (선택)', 'Its name, beside a code of your own (optional)'], payment_id: ['입금번호 (선택)', 'Payment id (optional)'],
  charge: ['청구 금액 (원)', 'Charge (won)'], way_back: ['회수', 'Collection'], request_exchange: ['교환 접수', 'Request exchange'],
  approve_exchange: ['교환 승인', 'Approve exchange'], reject_exchange: ['교환 거절', 'Reject exchange'],
  confirm_refund: ['환불 확정', 'Confirm refund'], fail_refund: ['환불 실패', 'Fail refund'],
  refund_by_bank_transfer: ['계좌로 환불함', 'Refunded by bank transfer'], add_gift: ['사은품 추가', 'Add a gift'],
  prepare: ['상품 준비', 'Prepare'], confirm_stock: ['재고 판정', 'Confirm stock'], use_own_stock: ['기존재고 사용', 'Use own stock'],
  purchase_from_partner: ['파트너 매입', 'Purchase from a partner'], purchase_from_non_partner: ['비파트너 매입', 'Purchase elsewhere'],
  assign_installer: ['기사 배정', 'Assign an installer'], complete_procurement: ['발주 완료', 'Complete procurement'],
  cancel_procurement: ['발주 취소', 'Cancel procurement'], report_stock_loss: ['재고 소실', 'Report stock loss'],
  set_shipping_address: ['배송지 선택', 'Set shipping address'], ship: ['출고', 'Ship'], register_waybill: ['운송장 등록', 'Add a waybill'],
  update_waybill: ['운송장 수량변경', 'Change a waybill'], mark_delivered: ['배송 완료', 'Delivered'],
  force_delivered: ['배송 완료 강제', 'Force delivered'], confirm_installer_delivery: ['설치자 배송 완료', 'Delivered by installer'],
  complete_installation: ['설치 완료', 'Installed'], fail_installation: ['설치 불가', 'Can’t be installed'], confirm_purchase: ['구매 확정', 'Confirm purchase'],
  approve_payment: ['결제 승인', 'Approve payment'], decline_payment: ['결제 거절', 'Decline payment'], cancel_payment: ['결제 취소', 'Cancel payment'],
  confirm_deposit: ['입금 확인', 'Confirm deposit'],
  group_claims: ['클레임', 'Claims'], group_procurement: ['발주', 'Procurement'], group_delivery: ['배송', 'Delivery'], group_money: ['돈', 'Money'],
  rarely: ['드물게 쓰는 항목', 'Rarely needed'], available: ['실제 재고', 'Units really there'], gift_to: ['어느 상품의 사은품', 'Gift to'],
  gift_sku: ['사은품 단품번호', 'SKU of the gift'], partner_sku: ['파트너의 단품번호 (비우면 제외)', 'The partner’s SKU (empty: left out)'],
  installer: ['설치 협력사', 'Installer'], linked_id: ['연결주문 번호 (비우면 자동)', 'Id of the linked order (empty: made)'],
  seller_name: ['판매처', 'Seller'], ships: ['이번에 출고', 'Ships now'], carrier: ['운송사', 'Carrier'], waybill_no: ['운송장번호', 'Waybill number'],
  waybill: ['운송장', 'Waybill'], every_waybill: ['모든 운송장', 'Every waybill'], in_transit: ['운송장 없이 배송 시작', 'On its way without a waybill'],
  delivered_at: ['배송 일시', 'Delivered at'], now_if_empty: ['비우면 지금', 'Now, when empty'], force_reason: ['강제하는 사유', 'Why it is forced'],
  method: ['수단', 'Method'], approval_id: ['승인번호', 'Approval id'], another_method: ['수단 추가', 'Another method'], holder_name: ['예금주 (선택)', 'Account holder (optional)'],
  recipient: ['수취인', 'Recipient'], to_name: ['이름', 'Name'], to_phone: ['전화', 'Phone'], to_zip: ['우편번호', 'Postal code'],
  to_address: ['주소', 'Address'], to_address_detail: ['상세주소 (선택)', 'Address, detail (optional)'],
  business_address: ['사업장 주소로 갑니다.', 'It goes to the business address.'],
  preview: ['미리보기', 'Preview'], confirm: ['확인', 'Confirm'], close: ['닫기', 'Close'], cancel: ['그만두기', 'Never mind'],
  preview_first: ['먼저 미리보기로 무엇이 바뀌는지 보십시오. 아직 아무것도 바뀌지 않습니다.', 'Preview first to see what would change. Nothing is changed yet.'],
  would: ['이렇게 됩니다', 'This would happen'], nothing_moves: ['주문의 상태와 금액은 그대로이고, 이 단계만 기록됩니다.', 'The order’s statuses and money stay as they are; only this step is noted.'],
  quantity: ['수량', 'Quantity'], up_to: ['최대', 'up to'], choose_line: ['하나 이상 고르십시오.', 'Choose at least one.'],
  text_reason: ['사유 (선택)', 'Reason (optional)'], fail_reason: ['실패 사유', 'Why it failed'], required: ['입력이 필요합니다.', 'This is needed.'],
  as_usual: ['기본값', 'As usual'], waive: ['사은품은 돌려받지 않음', 'Gifts may stay with the buyer'],
  other_sku: ['다른 단품 (선택)', 'Another SKU (optional)'], sellable: ['판매 가능 수량', 'Sellable units'],
  done: ['처리되었습니다', 'Done'], not_known: ['아직 결과를 모릅니다. 다시 확인을 누르면 같은 명령으로 묻습니다.', 'Not known yet. Confirm again: the same command is asked for.'],
  moved_on: ['미리보기 후에 주문이 바뀌었습니다. 지금이라면 아래와 같으며, 아직 아무것도 하지 않았습니다.', 'The order has changed since it was previewed. Now it would be as below; nothing was done yet.'],
  send_again: ['다시 확인을 누르면 같은 명령으로 보냅니다.', 'Confirm again: the same command is sent.'],
  refund_of: ['환불', 'Refund'], at_once: ['바로', 'at once'], later: ['나중에', 'later'], return_fee: ['반품 배송비', 'Return fee'],
  fee_refunds: ['돌려줄 배송비', 'Shipping fees that go back'], withheld: ['환불에서 차감', 'Kept back of the refund'], due: ['더 내야 할 금액', 'To be paid'],
  gifts_too: ['함께 처리되는 사은품', 'Gift lines that follow'], stock_moves: ['재고 이동', 'Stock'], linked_made: ['만들어질 연결주문', 'Linked orders made'],
  linked_stopped: ['중단을 요청할 연결주문', 'Linked orders asked to stop'], before_threshold: ['무료배송 적용 전', 'before the free threshold'],
  // letters
  letter: ['번호', 'Dead letter'], command: ['명령', 'Command'], attempts: ['시도', 'Attempts'], requeue: ['다시 보내기', 'Requeue'], discard: ['버리기', 'Discard'],
  letters_about: ['아무도 처리하지 못한 명령입니다. 최신순.', 'Commands that nobody could take, newest first.'],
  show_whole: ['전체 보기 (기록됨)', 'Show all of it (is recorded)'],
  no_letters: ['미처리 명령이 없습니다. 좋은 일입니다.', 'No dead letters. That is good.'],
  requeue_sure: ['이 명령을 받은 그대로 다시 보냅니다.', 'Its command is sent again, as it was received.'],
  discard_sure: ['이 명령을 버립니다. 되돌릴 수 없습니다.', 'It is taken away. This can’t be undone.'],
  requeued: ['다시 보냈습니다.', 'Sent again.'], discarded: ['버렸습니다.', 'Taken away.'],
  // webhooks
  webhooks_about: ['주문 이벤트를 받아 가는 곳입니다. 어디까지 보냈는지, 무엇을 받지 않았는지 봅니다.', 'Who is told of orders’ events: how far each has come, and what it would not take.'],
  hook_letters: ['웹훅 미배달', 'Failed deliveries'], letters_kept: ['미배달', 'Failed deliveries'], receiver: ['받는 곳', 'Receiver'], event_types: ['이벤트 종류', 'Event types'],
  all_events: ['모두', 'all'], came_to: ['어디까지', 'Has come to'], no_webhooks: ['설정된 웹훅이 없습니다 (--webhooks).', 'No webhooks are configured (--webhooks).'],
  all_letters: ['모두 보기', 'All of them'], hook_letters_about: ['받는 곳이 받지 않은 이벤트입니다. 최신순.', 'Events that its receiver did not accept, newest first.'],
  no_hook_letters: ['미배달이 없습니다. 좋은 일입니다.', 'No failed deliveries. That is good.'], events: ['이벤트', 'Events'], delivery_id: ['묶음번호', 'Delivery'], resend: ['다시 보내기', 'Resend'],
  hook_resend_sure: ['이 이벤트를 지금 한 번 더 보냅니다. 받아들여지면 없어집니다. 그 사이의 이벤트보다 늦게 갑니다.', 'These events are posted once more, now; the failed delivery is deleted when they are accepted. They come after later ones.'],
  hook_discard_sure: ['받는 곳은 이 이벤트를 받지 못합니다. 되돌릴 수 없습니다. 주문의 이력에는 남아 있습니다.', 'The receiver will never get these events. This can’t be undone. The orders’ histories keep them.'],
  resent: ['받는 곳이 받았습니다.', 'The receiver has taken it.'],
  // audit
  audit_about: ['주문 명령이 아니면서 이 서버에서 한 일입니다. 상품과 재고의 명령도 있습니다. 하기 전에 적으므로, 거절된 것도 있을 수 있습니다. 최신순.',
    'What was done here that is no command of an order: commands about goods and stock, too. It is written down before it is done, so some may have been refused. Newest first.'],
  action: ['한 일', 'Action'], by_whom: ['누가', 'Who'], target: ['대상', 'On what'], detail: ['내용', 'Detail'], request_id: ['요청번호', 'Request id'], yes: ['예', 'yes'], no: ['아니요', 'no'], template: ['배송템플릿', 'Template'], no_audit: ['적힌 것이 없습니다.', 'Nothing has been written down.'],
  order_audit: ['특별 조치 (감사이력)', 'Privileged actions'], command_id: ['명령번호', 'Command id'],
  // erasing
  erase_about: ['본인이 요청하면 그 사람의 개인정보를 삭제합니다. 먼저 누구인지 봅니다.', 'A person’s data is erased on their request. First you see whose.'],
  next_step: ['다음', 'Next'], erase_them: ['이 고객의 개인정보 삭제 …', 'Erase this customer’s data …'], what_goes: ['삭제되는 것', 'What goes'], what_stays: ['남는 것', 'What stays'],
  goes_1: ['진행이 끝난 모든 주문의 이름, 전화번호, 주소', 'Names, telephone numbers and addresses of every order that is at rest'],
  goes_2: ['예금주와 입금자, 리뷰의 글', 'Account holders and remitters, reviews’ words'], goes_3: ['이 고객의 명령이 든 미처리 명령', 'Dead letters that hold a command of theirs'],
  stays_1: ['주문의 금액, 재고, 이력: 고객번호만 남습니다', 'The orders’ money, stock and history, with the customer’s id only'],
  stays_2: ['진행 중인 주문에 필요한 것: 끝난 뒤 다시 삭제합니다', 'What orders under way still need: erase again when they are done'],
  stays_3: ['사유에 사람이 적은 말, 그리고 백업', 'Words that somebody wrote into a reason, and backups'],
  their_orders: ['이 고객의 주문', 'Orders of this customer'], no_orders_of_theirs: ['이 고객의 주문이 없습니다. 번호를 확인하십시오.', 'There are no orders of this customer. Is the id right?'], and_more: ['더 있습니다', 'And more'],
  erase_sure: ['되돌릴 수 없습니다', 'This can’t be undone'], customer_again: ['확인을 위해 고객번호를 입력하십시오', 'To be sure, type the customer id'], erase_now: ['삭제', 'Erase'],
  not_the_same: ['고객번호가 다릅니다.', 'That is not this customer’s id.'], erased: ['삭제했습니다', 'Erased'], erased_orders: ['정리된 주문', 'Orders that keep nothing'],
  erased_rows: ['삭제된 개인정보', 'Rows of personal data erased'], erased_letters: ['삭제된 미처리 명령', 'Dead letters deleted'], kept_orders: ['아직 진행 중인 주문', 'Orders still under way'],
  kept_about: ['이 주문들은 배송, 클레임, 환불에 필요한 것을 아직 가지고 있습니다. 끝난 뒤 다시 삭제하십시오.', 'These still keep what their delivery, claim or refund needs. Erase again when they are done.'],
  unprocessed_about: ['아직 처리되지 않은 명령이 있습니다. 잠시 뒤 다시 삭제하십시오.', 'Some commands were not dealt with yet. Erase again in a moment.'], see_audit: ['감사이력 보기', 'See the audit'],
  // the API reference
  api_token: ['토큰은 Authorization: Bearer 로 보냅니다. 아래 예에서는 TOKEN 에 있습니다.', 'A token goes into the header Authorization: Bearer; the examples have it in TOKEN.'],
  api_key: ['명령은 Idempotency-Key 나 id 를 가집니다. 같은 번호로 다시 보내면 한 번만 처리됩니다.', 'A command has an Idempotency-Key, or an id. Sent again under the same one, it takes effect once.'],
  api_problem: ['거절은 problem+json 이고, reason 은 바뀌지 않는 코드입니다.', 'Refusals are problem+json; reason is a stable code.'],
  seek: ['찾기: 경로, 명령, 형식', 'Find a path, a command, a schema'], found: ['개 찾음', 'found'], nothing_found: ['찾는 것이 없습니다.', 'Nothing fits.'], commands_all: ['명령', 'Commands'], schemas: ['형식', 'Schemas'], parts: ['명령과 형식', 'Commands and schemas'],
  of_commands: ['명령', 'Commands'], of_orders: ['주문', 'Orders'], of_payments: ['결제', 'Payments'], of_stock: ['재고와 상품', 'Stock and goods'], of_letters: ['미처리 명령', 'Dead letters'],
  of_events: ['이벤트', 'Events'], of_webhooks: ['웹훅', 'Webhooks'], of_people: ['사람과 감사', 'People and audit'], of_server: ['서버', 'The server itself'],
  no_operation: ['그런 요청은 없습니다.', 'There is no such operation.'], no_schema: ['그런 형식은 없습니다.', 'There is no such schema.'],
  who_may: ['누가', 'Who may'], anyone: ['누구나 (토큰 없이)', 'anyone, without a token'], a_signature: ['서명한 쪽 (토큰 없이)', 'who signs the body'], operation_id: ['이름', 'Operation'],
  parameters: ['매개변수', 'Parameters'], body: ['보내는 것', 'Request body'], responses: ['응답', 'Responses'], fields: ['항목', 'Fields'], example: ['예', 'Example'], used_by: ['쓰이는 곳', 'Used by'],
  in_path: ['경로에', 'in the path'], in_query: ['질의에', 'in the query'], in_header: ['머리글에', 'in a header'],
  needed: ['필수', 'required'], its_fields: ['항목 보기', 'Its fields'], list_of: ['목록:', 'list of'], map_of: ['이름별:', 'map of'], one_of: ['다음 중 하나', 'one of these'], anything: ['무엇이든', 'anything'],
  characters: ['자', 'characters'], entries: ['개', 'entries'], pattern: ['형태', 'pattern'], default: ['기본값', 'default'],
  command_type: ['명령의 종류', 'Command type'], copy: ['복사', 'Copy'], copied: ['복사했습니다.', 'Copied.'], a_stream: ['끝나지 않는 흐름입니다 (server-sent events).', 'A stream that does not end (server-sent events).'],
  envelope: ['이 밖에 id (또는 Idempotency-Key), actor (없으면 토큰의 것), at 을 가질 수 있습니다.', 'Beside these it may have id (or the header Idempotency-Key), actor (or the token’s) and at.'],
  try_it: ['해 보기', 'Try it'], try_about: ['지금 로그인한 토큰으로 묻습니다. 아무것도 바뀌지 않습니다.', 'Asked with the token that you are signed in by. It changes nothing.'], ask: ['묻기', 'Ask'], answer: ['답', 'Answer'],
  cut_here: ['길어서 여기까지만 보입니다.', 'It is longer; this is its beginning.'],
  // stock
  product: ['상품', 'Product'], option: ['옵션', 'Option'], on_hand: ['남은 재고', 'Left'], holder: ['보유자', 'Holder'],
  no_skus: ['등록된 단품이 없습니다.', 'There are no SKUs.'], sku_id: ['단품번호', 'SKU id'], ledger: ['재고원장', 'Stock ledger'], position: ['순번', 'No.'],
  movement: ['이동', 'Movement'], campaign: ['행사', 'Campaign'], name: ['이름', 'Name'], allotted: ['배정 수량', 'Allotted'],
  opens: ['시작', 'Opens'], closes: ['종료', 'Closes'], limit: ['1인 한도', 'Per customer'], policy: ['재고 정책', 'Stock policy'],
  paused: ['일시중지', 'Paused'], not_open: ['시작 전', 'Not open yet'], over: ['종료', 'Over'], running: ['판매 중', 'On sale'],
  gifts: ['사은품프로모션', 'Gift promotions'], promotion: ['프로모션', 'Promotion'], gives: ['증정', 'Gives'], main_goods: ['본품', 'main goods'],
  gifts_about: ['어떤 상품에 어떤 사은품이 몇 개 따라오는지, 사은품이 떨어지면 어떻게 하는지입니다. 이미 접수된 주문은 접수 때의 조건을 유지합니다.',
    'Which goods bring which gifts, how many, and what happens when a gift has run out. Orders keep what they were placed with.'],
  gifts_running: ['증정 중', 'Running'], no_gifts: ['사은품프로모션이 없습니다.', 'There are no gift promotions.'], terms: ['조건', 'Terms'],
  gift_promotion_id: ['프로모션ID', 'Promotion id'], main_product_ids: ['본품 상품', 'Main products'], gift_sku_ids: ['사은품 단품', 'Gift SKUs'],
  gift_quantity: ['사은품 수량', 'Gift units'], main_quantity: ['본품 수량마다', 'for each so many main units'], opens_at: ['시작일시', 'Opens at'], closes_at: ['종료일시', 'Closes at'],
  when_sold_out: ['사은품 소진 시', 'When a gift has run out'], several_ids: ['쉼표로 나누어 여러 개', 'Several, with commas between'],
  at_once_if_empty: ['비우면 바로', 'At once, if empty'], no_end_if_empty: ['비우면 끝없이', 'Without an end, if empty'], nothing_changes: ['바뀌는 것이 없습니다.', 'Nothing would change.'],
  gifts_kept: ['이미 접수된 주문은 바뀌지 않습니다.', 'Orders that are placed already do not change.'], ran_out: ['소진', 'Ran out'], unknown_sku: ['없는 단품', 'No such SKU'],
  ran_out_go_on: ['소진된 사은품은 빠지고 주문은 진행됩니다. 주문의 답과 주문상품에 빠진 수량이 나옵니다.', 'An order goes on without a gift that has run out; its answer and its line say how many were left out.'],
  ran_out_refuse: ['소진된 사은품이 있는 주문은 거절됩니다.', 'An order with a gift that has run out is refused.'],
  create_gift_promotion: ['사은품프로모션 등록', 'New gift promotion'], update_gift_promotion: ['사은품프로모션 변경', 'Update gift promotion'],
  omitted_gifts: ['소진되어 빠짐', 'left out'],
  no_campaigns: ['판매행사가 없습니다.', 'There are no campaigns.'], no_limit: ['없음', 'none'], levels: ['재고 현황', 'Where the units are'],
};

/** A text of the page. */
export function t(key) {
  const pair = TEXTS[key];
  return pair ? pair[now === 'ko' ? 0 : 1] : key;
}

const STATUS = {
  PAYMENT_PENDING: '결제대기', PAYMENT_EXPIRED: '결제만료', PAYMENT_CANCELLED: '결제취소', ORDERED: '주문', CANCELLED: '취소완료',
  OUT_OF_STOCK: '재고없음', PREPARING: '상품준비중', PROCUREMENT_CHECK: '발주확인', PROCUREMENT_DONE: '발주완료', SHIPPED: '출고완료',
  PURCHASE_CONFIRMED: '구매확정', RETURNING: '반품진행', RETURNED: '반품완료', EXCHANGING: '교환진행', EXCHANGED: '교환완료',
};
export const STATUSES = Object.keys(STATUS);

const plain = (code) => {
  const words = String(code).toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** A status in both languages. */
export const status = (code) => `${STATUS[code] ?? ''} ${plain(code)}`.trim();
export const statusShort = (code) => (now === 'ko' ? STATUS[code] ?? plain(code) : plain(code));
/** A state that the server names in Korean too. */
export const state = (code, korean) => (korean ? `${korean} ${plain(code)}` : code ? code_(code) : '–');

const CODES = {
  // payment methods
  card: '카드', virtual_account: '가상계좌', bank_transfer: '계좌이체', points: '포인트',
  // claims
  buyer: '구매자', seller: '판매자', installation: '설치불가', before_collection: '선환불', refused: '거절', no_response: '무응답', pending: '진행 중', after_collection: '후환불',
  change_of_mind: '단순변심', defect: '불량', wrong_item: '오배송', damaged: '파손', late: '배송지연', installation_impossible: '설치불가',
  parent_ended: '상위주문종료', exchange_failed: '교환불가', other: '기타', pickup: '수거후반품', add_product: '제품추가',
  out_of_stock: '재고없음', stock_lost: '재고소실', procurement_cancelled: '발주취소', link_ended: '연결주문종료',
  // gifts by hand
  complaint: '불만', delay: '지연', damage: '파손', goodwill: '감사',
  // roles
  operator: '운영자', support: '고객지원', stock: '재고', privacy: '개인정보', finance: '정산', auditor: '감사자', checkout: '체크아웃', payment: '결제', metrics: '지표',
  // refunds
  awaiting_return: '대기: 반품을 기다림', due: '결제사에 요청', refunded: '환불완료', transferred: '계좌로 환불', withdrawn: '철회',
  // fees
  charged: '부과', free_goods: '무료배송 상품', free_threshold: '무료배송 기준 충족', gift_only: '사은품만', surcharge: '도서산간 추가',
  seller_fault: '판매자 귀책', installation_failed: '설치불가', not_shipped: '출고 전', linked: '연결주문',
  // supply
  partner: '파트너매입', non_partner: '비파트너매입', own_stock: '기존재고', purchase: '매입주문',
  home: '자택', business: '사업장', mainland: '내륙', jeju: '제주', island: '도서산간',
  // stock
  receive: '입고', hold: '선점', release: '해제', deduct: '차감', restock: '재입고', shrink: '감모', adjust: '조정', external: '외부',
  // events
  placed: '주문접수', placement_started: '접수시작', reserved: '재고확보', placement_completed: '접수완료', placement_failed: '접수실패',
  payment_approved: '결제승인', deposit_confirmed: '입금확인', payment_declined: '결제거절', payment_expired: '결제만료', payment_cancelled: '결제취소',
  late_payment_received: '늦은 결제', unexpected_payment_received: '받을 돈이 아닌 입금', duplicate_payment_received: '같은 결제 다시 알림', cut: '수량 취소', stock_confirmed: '재고판정', stock_deducted: '재고차감', stock_asked: '재고요청', prepared: '상품준비',
  refund_confirmed: '환불확정', refund_failed: '환불실패', refund_transferred: '계좌환불', procurement_started: '발주', procurement_completed: '발주완료',
  link_changed: '연결주문 변경', shipping_address_set: '배송지선택', surcharge_paid: '추가배송비 결제', shipped: '출고',
  waybill_registered: '운송장등록', waybill_updated: '운송장변경', delivered: '배송완료', installed: '설치완료', purchase_confirmed: '구매확정',
  points_earned: '포인트적립', points_reversed: '포인트회수', reviewed: '리뷰', return_requested: '반품접수', return_approved: '반품승인',
  letter_requeued: '미처리 명령 다시 보냄', letter_discarded: '미처리 명령 버림', person_erased: '개인정보 삭제', webhook_resent: '웹훅 다시 보냄', webhook_discarded: '웹훅 미배달 버림',
  // privileged actions, commands about goods and stock
  command: '명령', forced_delivery: '강제 배송완료', stock_loss: '재고소실', early_refund: '선환불', gifts_waived: '사은품 회수 면제',
  shrink_stock: '재고감모', receive_stock: '입고', adjust_stock: '재고조정', create_sku: '단품 등록', create_product: '상품 등록', create_template: '배송템플릿 등록',
  create_promotion: '프로모션 등록', create_campaign: '판매행사 등록', create_gift_promotion: '사은품프로모션 등록', update_gift_promotion: '사은품프로모션 변경', create_partner: '협력사 등록', update_partner: '협력사 변경', authorize_buyer: '구매허용', revoke_buyer: '구매허용 철회', update_product: '상품 변경',
  update_template: '배송템플릿 변경', update_campaign: '판매행사 변경', pause_campaign: '판매 일시중지', resume_campaign: '판매 재개',
  bundled: '묶음배송', lead_time_days: '준비일수', product_type: '상품유형', free_delivery: '무료배송', free_threshold: '무료배송 기준', pre_refund: '선환불 가능',
  points_rate_bp: '적립률 (bp)', rate_bp: '할인율 (bp)', promotion_id: '프로모션', active: '거래 중',
  retailer: '소매', wholesaler: '도매', installer: '설치기사', goods: '상품', gift: '사은품',
  return_changed: '반품조정', refund_adjusted: '취소정산변경', return_written_off: '반품손실', exchange_withdrawn: '교환철회', fault_corrected: '귀책정정', exchange_collected: '교환회수',
  exchange_inspected: '교환회수검수', collection_given_up: '회수포기', main_gone: '본품종료', exchange: '교환배송비', unreturned: '미반납',
  inspection: '검수', collection_waived: '회수면제', written_off: '손실처리', debt_waived: '미납면제', refund_account_set: '환불계좌지정',
  return_rejected: '반품거절', return_withdrawn: '반품철회', return_collected: '회수', return_completed: '반품완료', exchange_requested: '교환접수',
  exchange_rejected: '교환거절', exchange_approved: '교환승인', gift_added: '사은품추가',
  asked: '확인요청', granted: '확인됨', denied: '확인 거절', lines_sourced: '발주확인', lines_procured: '발주완료', installation_progressed: '설치작업',
  continue: '사은품 없이 진행', refuse: '주문 거절',
  parcel: '택배', own: '직접배송', quick: '퀵서비스',
};
const ENGLISH = { continue: 'Goes on without it', refuse: 'Refused', awaiting_return: 'Waiting for the return', due: 'Being asked for', transferred: 'Paid to an account', external: 'External' };

/** A code of the protocol in words. */
function code_(code) {
  const known = String(code ?? '').toLowerCase();
  return (now === 'ko' ? CODES[known] : ENGLISH[known]) ?? plain(code ?? '–');
}
export { code_ as word };

const REASONS = {
  sold_out: ['품절', 'Sold out'], insufficient_stock: ['재고 부족', 'Not enough stock'], limit_exceeded: ['1인 한도 초과', 'Limit per customer reached'],
  sale_not_open: ['판매 시작 전', 'Sale not open'], sale_paused: ['판매 일시중지', 'Sale paused'], sale_closed: ['판매 종료', 'Sale closed'],
  price_mismatch: ['가격 불일치', 'Price differs'], illegal_transition: ['지금 상태에서는 할 수 없습니다', 'The order’s status does not allow this'],
  unknown_order: ['없는 주문', 'No such order'], unknown_sku: ['없는 단품', 'No such SKU'], unknown_product: ['없는 상품', 'No such product'],
  unknown_template: ['없는 배송템플릿', 'No such template'], unknown_promotion: ['없는 프로모션', 'No such promotion'],
  unknown_campaign: ['없는 행사', 'No such campaign'], unknown_line: ['없는 주문상품', 'No such line'], unknown_refund: ['없는 환불', 'No such refund'],
  unknown_claim: ['없는 클레임', 'No such claim'], unknown_partner: ['없는 협력사', 'No such partner'], unknown_waybill: ['없는 운송장', 'No such waybill'],
  no_consent: ['협력사의 구매허용 없음', 'The partner has not allowed it'],
  quantity_exceeded: ['수량 초과', 'More than there is of this line'], not_pre_refundable: ['회수 후 환불 상품', 'Refunded after collection only'],
  surcharge_unpaid: ['추가배송비 미납', 'Surcharge unpaid'], duplicate_order: ['중복 주문', 'Order exists already'], order_archived: ['보관된 주문', 'Archived order'], already_exists: ['이미 있음', 'Exists already'],
  command_id_reused: ['다른 내용에 쓴 명령번호', 'Command id was used for something else'],
  try_again: ['아직 처리 중입니다. 잠시 후 같은 명령을 다시 보내십시오', 'Too early; send the same command again in a moment'], payment_expired: ['결제기한 지남', 'Payment deadline passed'],
  too_many: ['이 주문에 더는 보낼 수 없는 명령', 'The order takes no more of these'],
  quarantined: ['오류가 되풀이되어 1분 동안 받지 않습니다', 'These keep failing; not taken for a minute'],
  version_mismatch: ['그 사이 바뀐 주문', 'The order has changed'],
  already_paid: ['이미 결제됨', 'Paid already'], approval_reused: ['다른 주문에 쓴 결제', 'This payment has paid another order'],
  amount_mismatch: ['금액 불일치', 'Amount differs'], invalid: ['올바르지 않음', 'Not valid'], forbidden: ['권한 없음', 'Not allowed'],
  fault: ['서버 오류', 'A fault of the server'], no_token: ['토큰이 필요합니다', 'A token is needed'], not_found: ['찾을 수 없습니다', 'Not found'],
  not_taken: ['받는 곳이 받지 않았습니다', 'The receiver would not have it'],
  busy: ['지금은 답할 수 없습니다. 잠시 후 다시 시도하십시오', 'Not now; try again in a moment'], too_many_requests: ['요청이 너무 많습니다', 'Too many requests'],
  timeout: ['시간 초과', 'Timed out'], too_large: ['너무 큽니다', 'Too large'], unreachable: ['서버에 닿지 않습니다', 'The server can’t be reached'],
};
export const reason = (code) => REASONS[code]?.[now === 'ko' ? 0 : 1] ?? plain(code);
