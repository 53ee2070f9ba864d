Feature: Cancellations and refunds
  A refund is planned first, then asked of the payment side, and refunded on its word.

  @W6 @G4.cancel @G4.settlement @Q11
  Scenario: The fruit example: two cancel groups
    Given the goods:
      | goods  | price  | template |
      | orange | 10,000 | fruit    |
      | apple  | 15,000 | fruit    |
      | pear   | 25,000 | fruit    |
    When the buyer orders 2 orange, 2 apple and 2 pear, paying 100,000 won by card
    And the buyer cancels lines 1 and 2
    Then the order is ORDERED
    And the card has 50,000 won refundable, 50,000 won planned, nothing excluded and nothing refunded
    When the payment side confirms refund 1
    Then the card has 50,000 won refundable, nothing planned, nothing excluded and 50,000 won refunded
    When the buyer cancels line 3
    Then the order is CANCELLED
    And the cancellations are:
      | group | line | quantity | amount     | reason |
      | 1     | 1    | 2        | 20,000 won | BUYER  |
      | 1     | 2    | 2        | 30,000 won | BUYER  |
      | 2     | 3    | 2        | 50,000 won | BUYER  |
    And the card has nothing refundable, 50,000 won planned, nothing excluded and 50,000 won refunded
    When the payment side confirms refund 2
    Then the card has nothing refundable, nothing planned, nothing excluded and 100,000 won refunded
    And orange has 10 on hand, 0 held and 2 sold

  @W6 @Q11 @Q15 @G3.9
  Scenario: A cancellation is of whole lines, and for good
    Given goods A at 1,000 won
    When the buyer orders 3 A and 1 A, paying 4,000 won by card
    And the buyer cancels line 1
    Then the cancellations are:
      | group | line | quantity |
      | 1     | 1    | 3        |
    When the buyer cancels line 1, but is refused because illegal_transition
    Then the refusal names status CANCELLED
    When the buyer cancels lines 1 and 2, but is refused because illegal_transition
    And the buyer cancels lines 2 and 2, but is refused because invalid
    And the buyer cancels line 9, but is refused because unknown_line
    And the buyer withdraws return 1, but is refused because unknown_claim
    And the buyer cancels line 2
    Then the cancellations are:
      | group | line | quantity |
      | 1     | 1    | 3        |
      | 2     | 2    | 1        |

  @W6 @WX
  Scenario: An unpaid order is not cancelled but given up
    Given goods A at 1,000 won
    When the buyer orders 1 A
    And the buyer cancels line 1, but is refused because illegal_transition
    Then the refusal names status PAYMENT_PENDING
    And the refusal names command cancel_lines

  @W7 @WX @G4.cancel
  Scenario: Preparation closes the buyer's cancellation
    Given goods A at 1,000 won
    When the buyer orders 1 A, paying 1,000 won by card
    And the seller prepares the order
    Then the order is PREPARING
    And the preparation of line 1 has a date
    When the buyer cancels line 1, but is refused because illegal_transition
    Then the refusal names status PREPARING
    When the seller prepares the order, but is refused because illegal_transition
    And the seller finds 0 of line 1, but is refused because illegal_transition
    Then the order is PREPARING

  @W7 @W2
  Scenario: Preparation at once, by policy
    Given orders are prepared as soon as they are paid
    And goods A at 1,000 won
    When the buyer orders 1 A
    And the payment side approves 1,000 won by card
    Then the order is PREPARING
    When the buyer orders 1 A, paying 1,000 won by card
    Then the order is PREPARING

  @W7
  Scenario: Preparation after a delay, by policy
    Given orders are prepared a moment after they are paid
    And goods A at 1,000 won
    When the buyer orders 1 A, paying 1,000 won by card
    And the server starts over
    Then the order is PREPARING

  @G4.refund @Q16
  Scenario: A refund is confirmed once, and each answer is a row of its own
    Given goods A at 1,000 won
    When the buyer orders 1 A and 1 A, paying 2,000 won by card
    And the buyer cancels line 1
    And the payment side fails refund 1
    Then the card has 1,000 won refundable, 1,000 won planned, nothing excluded and nothing refunded
    When the payment side confirms refund 1
    And the payment side confirms refund 1, but is refused because illegal_transition
    And the payment side fails refund 1, but is refused because illegal_transition
    And the payment side confirms refund 2, but is refused because unknown_refund
    And the buyer confirms refund 1, but is refused because forbidden
    Then the refunds are:
      | refund | state    | method | planned   | refunded  | cancel group |
      | 1      | PLANNED  | CARD  | 1,000 won | 0         | 1            |
      | 1      | FAILED   | CARD  | 0         | 0         | 1            |
      | 1      | REFUNDED | CARD  | 0         | 1,000 won | 1            |
    And the card has 1,000 won refundable, nothing planned, nothing excluded and 1,000 won refunded

  @Q16 @G4.settlement
  Scenario: Planned is what is in flight on the settlement, and each request's amount on the refund
    Given goods A at 1,000 won
    And goods B at 2,000 won
    When the buyer orders 1 A and 1 B, paying 3,000 won by card
    And the buyer cancels line 1
    And the buyer cancels line 2
    Then the card has nothing refundable, 3,000 won planned, nothing excluded and nothing refunded
    And the refunds are:
      | refund | state   | planned   |
      | 1      | PLANNED | 1,000 won |
      | 2      | PLANNED | 2,000 won |
    When the payment side confirms refund 2
    Then the card has nothing refundable, 1,000 won planned, nothing excluded and 2,000 won refunded

  @Q12 @G4.refund
  Scenario: A card that can no longer be cancelled is refunded by bank transfer
    Given goods A at 1,000 won
    When the buyer orders 1 A, paying 1,000 won by card
    And the buyer cancels line 1
    And the operator gives refund 1 back by bank transfer, but is refused because illegal_transition
    And the payment side fails refund 1
    And the operator gives refund 1 back by bank transfer
    Then the card has nothing refundable, nothing planned, nothing excluded and 1,000 won refunded
    And the refunds are:
      | refund | state    | method        | planned   | refunded  |
      | 1      | PLANNED  | CARD          | 1,000 won | 0         |
      | 1      | FAILED   | CARD          | 0         | 0         |
      | 1      | REFUNDED | BANK_TRANSFER | 0         | 1,000 won |
    And the audit entries are:
      | kind               | actor      |
      | REFUND_TRANSFERRED | operator:o |
    When the payment side confirms refund 1, but is refused because illegal_transition
    Then the card has nothing refundable, nothing planned, nothing excluded and 1,000 won refunded

  @G4.refund @Q3
  Scenario: The payment side is asked for each refund, and its word counts
    Given the payment side gives refunds back by itself
    And goods A at 1,000 won
    When the buyer orders 1 A and 1 A, paying 2,000 won by card
    And the buyer cancels line 1
    Then the card has 1,000 won refundable, nothing planned, nothing excluded and 1,000 won refunded

  @G4.refund
  Scenario: A refund that failed is asked for again
    Given the payment side fails each refund once
    And goods A at 1,000 won
    When the buyer orders 1 A, paying 1,000 won by card
    And the buyer cancels line 1
    Then the refunds are:
      | refund | state    | refunded  |
      | 1      | PLANNED  | 0         |
      | 1      | FAILED   | 0         |
      | 1      | REFUNDED | 1,000 won |
    And the card has nothing refundable, nothing planned, nothing excluded and 1,000 won refunded

  @G5.2 @W9 @G4.cancel
  Scenario: Shares of a discounted line sum to the whole
    Given the goods:
      | goods | price | shipping | stock |
      | A     | 333   | 2,500    | 10    |
    And promotion P takes 10% off
    When the buyer orders, paying 4,598 won by card:
      | goods | quantity | promotion |
      | A     | 7        | P         |
    And the seller finds 5 of line 1
    And the seller finds 3 of line 1
    And the seller finds 2 of line 1
    Then the order is ORDERED
    And the cancellations are:
      | group | quantity | amount |
      | 1     | 2        | 599    |
      | 2     | 2        | 599    |
      | 3     | 1        | 300    |
    When the buyer cancels line 1
    Then the card has nothing refundable, 4,598 won planned, nothing excluded and nothing refunded
