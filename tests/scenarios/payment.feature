Feature: Placing and paying an order
  An order holds its units until it is paid, and is ordered once the whole amount due is in.

  @W1 @W2 @S6.2 @S6.1
  Scenario: An unpaid order holds its units, a paid one has bought them
    Given goods A at 10,000 won with 3,000 won of shipping, 5 in stock
    When the buyer orders 2 A
    Then the order is PAYMENT_PENDING
    And A has 3 on hand, 2 held and 0 sold
    And there are no settlements
    When the payment side approves 23,000 won by card
    Then the order is ORDERED
    And A has 3 on hand, 0 held and 2 sold
    And the settlements are:
      | no | group | method | paid       | refundable | planned | excluded | refunded |
      | 1  | 1     | card  | 23,000 won | 23,000 won | 0       | 0        | 0        |

  @W1
  Scenario: An order that brings its payment is ordered at once
    Given goods A at 10,000 won with 3,000 won of shipping, 5 in stock
    When the buyer orders 2 A, paying 23,000 won by card
    Then the order is ORDERED
    And A has 3 on hand, 0 held and 2 sold

  @W2 @W1
  Scenario: A payment of another amount is no payment: it is taken, and goes back
    Given goods A at 10,000 won
    When the buyer orders 1 A, paying 9,000 won by card, but is refused because amount_mismatch
    Then the refusal names due 10000
    When the buyer orders 1 A
    And the payment side approves 9,999 won by card as approval less
    Then the answer notes amount mismatch
    And the order is PAYMENT_PENDING
    When the payment side approves 10,001 won by card as approval more
    Then the answer notes amount mismatch
    When the payment side approves 9,999 won by card as approval less
    And the payment side approves 10,000 won by card as approval right
    Then the order is ORDERED
    And the settlements are:
      | no | method | id    | paid       | refundable | planned    |
      | 1  | card  | less  | 9,999 won  | 0          | 9,999 won  |
      | 2  | card  | more  | 10,001 won | 0          | 10,001 won |
      | 3  | card  | right | 10,000 won | 10,000 won | 0          |

  @W2 @G4.refund
  Scenario: A second payment of a paid order goes back, and one that is told again is no second one
    Given goods A at 10,000 won, 5 in stock
    When the buyer orders 1 A, to be paid to account 000-1
    And the payment side approves 10,000 won by card as approval card-1
    And the payment side confirms a deposit of 10,000 won
    Then the answer notes already paid
    And the order is ORDERED
    When the payment side confirms a deposit of 10,000 won
    And the payment side approves 10,000 won by card as approval card-1
    Then the settlements are:
      | no | method          | expected | paid       | refundable | planned    |
      | 1  | virtual account | 0        | 0          | 0          | 0          |
      | 2  | card            | 0        | 10,000 won | 10,000 won | 0          |
      | 3  | virtual account | 0        | 10,000 won | 0          | 10,000 won |
    When the buyer cancels line 1
    And the payment side approves 10,000 won by card as approval card-2
    Then the answer notes already paid
    And the order is CANCELLED
    And the settlements are:
      | no | method          | paid       | refundable | planned    |
      | 1  | virtual account | 0          | 0          | 0          |
      | 2  | card            | 10,000 won | 0          | 10,000 won |
      | 3  | virtual account | 10,000 won | 0          | 10,000 won |
      | 4  | card            | 10,000 won | 0          | 10,000 won |

  @W2
  Scenario: One payment pays one order
    Given goods A at 10,000 won, 5 in stock
    When the buyer orders 1 A
    And the payment side approves 10,000 won by card as approval shared-1
    And the buyer orders 1 A
    And the payment side approves 10,000 won by card for order o-2 as approval shared-1, but is refused because approval_reused
    Then A has 3 on hand, 1 held and 1 sold
    And order o-2 is PAYMENT_PENDING

  @W3 @Q14 @Q13 @Q3
  Scenario: A declined card may be followed by other means, in the same payment group
    Given goods A at 10,000 won
    When the buyer orders 1 A
    And the payment side declines the payment
    Then the order is PAYMENT_PENDING
    And A has 9 on hand, 1 held and 0 sold
    When the payment side approves 10,000 won by bank transfer as approval bank-7
    Then the order is ORDERED
    And the settlements are:
      | no | group | method        | id     | paid       |
      | 1  | 1     | bank transfer | bank-7 | 10,000 won |

  @W4 @S6.6 @G4.points
  Scenario: A deadline that passes gives back the units and the customer's limit
    Given unpaid orders expire at once
    And goods A at 10,000 won, 5 in stock
    And coupon C takes 10% off
    And sale spring of 5 A at 9,000 won, 2 a customer
    When the buyer orders:
      | goods | quantity | coupon |
      | A     | 2        | C      |
    And the buyer orders 1 A, but is refused because limit_exceeded
    And the payment deadline passes
    Then the order is PAYMENT_EXPIRED
    And line 1 is PAYMENT_EXPIRED
    And A has 5 on hand, 0 held and 0 sold
    And there are no discounts
    And there are no points
    When the buyer orders 2 A, paying 18,000 won by card
    Then the order is ORDERED

  @W4
  Scenario: A deadline is kept by a server that starts over
    Given unpaid orders expire at once
    And goods A at 10,000 won, 5 in stock
    When the buyer orders 2 A
    And the server starts over
    And the payment deadline passes
    Then the order is PAYMENT_EXPIRED
    And A has 5 on hand, 0 held and 0 sold
    And there are no settlements
    When the buyer gives up paying, but is refused because illegal_transition
    Then the order is PAYMENT_EXPIRED

  @W4 @G4.refund @S6.3
  Scenario: Money that comes too late for an order that was short of a line
    Given unpaid orders expire at once
    And goods A at 10,000 won, 5 in stock
    And goods B at 500 won, 0 in stock
    When the buyer orders 1 A and 1 B, or what there is
    And the payment deadline passes
    And the payment side approves 10,000 won by card
    Then the answer notes payment expired
    And the order is PAYMENT_EXPIRED
    And the card has nothing refundable, 10,000 won planned, nothing excluded and nothing refunded

  @W5 @S6.6
  Scenario: A payer who gives up leaves everything as it was
    Given goods A at 10,000 won, 5 in stock
    And sale spring of 5 A at 9,000 won, 2 a customer
    When the buyer orders 2 A
    And the buyer gives up paying
    Then the order is PAYMENT_CANCELLED
    And A has 5 on hand, 0 held and 0 sold
    And there are no discounts
    When the buyer gives up paying, but is refused because illegal_transition
    And the buyer orders 2 A, paying 18,000 won by card
    Then the order is ORDERED

  @W4 @W2 @G4.refund
  Scenario: Money that comes too late is taken and planned for refund at once
    Given unpaid orders expire at once
    And goods A at 10,000 won, 5 in stock
    When the buyer orders 1 A
    And the payment deadline passes
    And the payment side approves 10,000 won by card as approval late-1
    Then the answer notes payment expired
    And the order is PAYMENT_EXPIRED
    And A has 5 on hand, 0 held and 0 sold
    And the card has nothing refundable, 10,000 won planned, nothing excluded and nothing refunded
    When the payment side approves 10,000 won by card as approval late-1
    Then the card has nothing refundable, 10,000 won planned, nothing excluded and nothing refunded
    When the payment side confirms refund 1
    Then the card has nothing refundable, nothing planned, nothing excluded and 10,000 won refunded
    And the order is PAYMENT_EXPIRED

  @W5 @G4.refund
  Scenario: Money that comes after the payer gave up goes back too
    Given goods A at 10,000 won, 5 in stock
    When the buyer orders 1 A
    And the buyer gives up paying
    And the payment side approves 10,000 won by card
    Then the order is PAYMENT_CANCELLED
    And the card has nothing refundable, 10,000 won planned, nothing excluded and nothing refunded

  @G4.settlement @Q17
  Scenario: A deposit is expected until it is in, and nothing is paid before
    Given goods A at 10,000 won, 5 in stock
    When the buyer orders 2 A, to be paid to account 110-22
    Then the order is PAYMENT_PENDING
    And the settlements are:
      | method          | expected   | paid | refundable | planned |
      | virtual account | 20,000 won | 0    | 0          | 0       |
    When the payment side confirms a deposit of 19,000 won
    Then the answer notes amount mismatch
    And the order is PAYMENT_PENDING
    When the payment side confirms a deposit of 20,000 won
    Then the order is ORDERED
    And the settlements are:
      | method          | expected | paid       | refundable | planned    |
      | virtual account | 0        | 20,000 won | 20,000 won | 0          |
      | virtual account | 0        | 19,000 won | 0          | 19,000 won |
    When the buyer cancels line 1
    Then the settlements are:
      | method          | expected | paid       | refundable | planned    |
      | virtual account | 0        | 20,000 won | 0          | 20,000 won |
      | virtual account | 0        | 19,000 won | 0          | 19,000 won |

  @G4.settlement @Q14 @Q13
  Scenario: A card may pay what a deposit was awaited for
    Given goods A at 10,000 won, 5 in stock
    When the buyer orders 1 A, to be paid by bank transfer
    And the payment side approves 10,000 won by card
    Then the order is ORDERED
    And the settlements are:
      | group | method        | expected | paid   | refundable |
      | 1     | bank transfer | 0        | 0      | 0          |
      | 1     | card          | 0        | 10,000 | 10,000     |

  @W1 @G3.12
  Scenario: The server prices, and a price that the customer was shown must be the same
    Given goods A at 10,000 won
    When the buyer orders, but is refused because price_mismatch:
      | goods | quantity | shown price |
      | A     | 1        | 9,000 won   |
    Then the refusal names due 10000
    When the buyer orders:
      | goods | quantity | shown price |
      | A     | 1        | 10,000 won  |
    Then the order is PAYMENT_PENDING
    When the operator changes A to 12,000 won
    And the payment side approves 10,000 won by card
    Then the lines are:
      | line | price      | paid       |
      | 1    | 10,000 won | 10,000 won |

  @G3.12 @Q10 @G4.promotions
  Scenario: Promotion first, then coupon, each of the line total and rounded down
    Given the goods:
      | goods | price |
      | A     | 333   |
    And promotion P takes 10% off
    And coupon C takes 5% off
    When the buyer orders, paying 1,982 won by card:
      | goods | quantity | promotion | coupon |
      | A     | 7        | P         | C      |
    Then the lines are:
      | line | total     | promotion | coupon | paid      |
      | 1    | 2,331 won | 233       | 116    | 1,982 won |
    And the discounts are:
      | line | kind      | name | amount |
      | 1    | PROMOTION | P    | 233    |
      | 1    | COUPON    | C    | 116    |

  @G3.12 @Q10
  Scenario: Discounts never come to more than the line
    Given goods A at 1,000 won
    And promotion P takes 60% off
    And coupon C takes 50% off
    When the buyer orders, paying nothing:
      | goods | quantity | promotion | coupon |
      | A     | 3        | P         | C      |
    Then the order is ORDERED
    And the lines are:
      | promotion | coupon    | paid |
      | 1,800 won | 1,200 won | 0    |
    And there are no settlements
    When the buyer orders 1 A, paying nothing, but is refused because invalid
    And the buyer orders, to be paid by bank transfer:
      | goods | quantity | promotion | coupon |
      | A     | 3        | P         | C      |
    And the payment side confirms a deposit of nothing
    Then the order is ORDERED
    When the buyer cancels line 1
    Then there are no refunds

  @G4.promotions
  Scenario: A promotion that is over, or a coupon that is none, is refused
    Given goods A at 1,000 won
    And promotion old of 10% is over
    And promotion P takes 10% off
    When the buyer orders, but is refused because unknown_promotion:
      | goods | promotion |
      | A     | old       |
    And the buyer orders, but is refused because unknown_promotion:
      | goods | coupon |
      | A     | P      |
    Then order o-1 does not exist

  @W1 @WX @Q3
  Scenario: Only the payment side says what is paid
    Given goods A at 1,000 won
    When the buyer orders 1 A
    And the buyer approves 1,000 won by card, but is refused because forbidden
    And the seller approves 1,000 won by card, but is refused because forbidden
    And the buyer confirms a deposit of 1,000 won, but is refused because forbidden
    And the seller prepares the order, but is refused because illegal_transition
    Then the refusal names status PAYMENT_PENDING
    And the refusal names command prepare
    And the order is PAYMENT_PENDING

  @W1 @WX
  Scenario: Each buyer has orders of their own
    Given goods A at 1,000 won
    When the buyer orders 1 A as order mine, paying 1,000 won by card
    And another buyer cancels line 1 of order mine, but is refused because forbidden
    And another buyer orders 1 A as order mine, but is refused because forbidden
    And the buyer orders 1 A as order mine, but is refused because duplicate_order
    And the buyer cancels line 1 of order yours, but is refused because unknown_order
    Then order mine is ORDERED

  @G3.4 @W2
  Scenario: Dates count from the receipt, also where payment came later
    Given the goods:
      | goods | price  | lead days |
      | slow  | 10,000 | 5         |
      | fast  | 10,000 | 2         |
    When the buyer orders 1 slow and 1 fast
    And the payment side approves 20,000 won by card
    Then line 1 is to ship 1 days after the order was received
    And line 1 is expected 5 days after the order was received
    And line 2 is to ship 1 days after the order was received
    And line 2 is expected 2 days after the order was received

  @G4.settlement @G4.refund @G4.points
  Scenario: Card and points pay together, and the card goes back first
    Given goods A at 10,000 won
    And goods B at 5,000 won
    When the buyer orders 1 A and 1 B, paying 9,000 won by card and 6,000 won by points
    Then the settlements are:
      | no | group | method | paid      |
      | 1  | 1     | card   | 9,000 won |
      | 2  | 1     | points | 6,000 won |
    And the points are:
      | kind | amount    |
      | USED | 6,000 won |
    When the buyer cancels line 1
    Then the card has nothing refundable, 9,000 won planned, nothing excluded and nothing refunded
    And the points have 5,000 won refundable, 1,000 won planned, nothing excluded and nothing refunded
    When the payment side confirms refund 1
    And the payment side confirms refund 2
    Then the points are:
      | kind       | amount    |
      | USED       | 6,000 won |
      | GIVEN_BACK | 1,000 won |

  @W4 @G4.settlement @Q17
  Scenario: A deposit that comes too late goes back
    Given unpaid orders expire at once
    And goods A at 10,000 won, 5 in stock
    When the buyer orders 1 A, to be paid to account 110-22
    And the payment deadline passes
    Then the settlements are:
      | method          | expected | paid |
      | virtual account | 0        | 0    |
    When the payment side confirms a deposit of 10,000 won
    Then the answer notes payment expired
    And the order is PAYMENT_EXPIRED
    And A has 5 on hand, 0 held and 0 sold
    And the settlements are:
      | method          | expected | paid   | refundable | planned |
      | virtual account | 0        | 0      | 0          | 0       |
      | virtual account | 0        | 10,000 | 0          | 10,000  |

  @W2 @WX
  Scenario: An order is paid once
    Given goods A at 10,000 won
    When the buyer orders 1 A
    And the payment side approves 10,000 won by card as approval once
    And the payment side approves 10,000 won by card as approval once
    And the payment side declines the payment, but is refused because illegal_transition
    Then the refusal names status ORDERED
    When the buyer gives up paying, but is refused because illegal_transition
    And the payment side confirms a deposit of 10,000 won, but is refused because illegal_transition
    Then the refusal names status ORDERED
    And the card has 10,000 won refundable, nothing planned, nothing excluded and nothing refunded
