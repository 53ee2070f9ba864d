Feature: What is owed
  The total is what is due now, or was paid and stays so. The address of the placement counts, and an order keeps what it was
  placed with.

  Background:
    Given the goods:
      | goods | price  | shipping | stock | points |
      | A     | 10,000 | 3,000    | 10    | 10%    |
      | B     | 20,000 |          | 2     |        |

  @G4.owed @W1
  Scenario: A placement's answer tells what is due
    When the buyer orders 1 A
    Then the answer names total 13000
    And the answer names due 13000
    And the orders are:
      | status          | total  | due    |
      | PAYMENT_PENDING | 13,000 | 13,000 |
    When the payment side approves 13,000 won by card
    Then the orders are:
      | status  | total  | due |
      | ORDERED | 13,000 | 0   |
    When the buyer orders 1 A as order o-2, paying 13,000 won by card
    Then the answer names total 13000
    And the answer names due 0

  @G4.owed @S6.3
  Scenario: What is short is not owed
    When the buyer orders 3 B, or what there is
    Then the answer names total 40000
    And the answer names due 40000
    And the orders are:
      | goods  | total  | due    |
      | 60,000 | 40,000 | 40,000 |
    When the payment side approves 60,000 won by card, that nobody vouches for, but is refused because amount_mismatch
    Then the refusal names due 40000
    When the payment side approves 39,999 won by card, that nobody vouches for, but is refused because amount_mismatch
    And the payment side approves 40,000 won by card
    Then the orders are:
      | total  | due |
      | 40,000 | 0   |

  @G4.owed @S6.3
  Scenario: What is short of a paid placement is owed back
    When the buyer orders 3 B, or what there is, paying 60,000 won by card
    Then the answer names total 40000
    And the orders are:
      | total  | due |
      | 40,000 | 0   |
    And the card has 40,000 won refundable, 20,000 won planned, nothing excluded and nothing refunded

  @G4.owed @G4.cancel @W9
  Scenario: What is cancelled, judged away or lost leaves the total
    Given the buyer orders 2 A and 2 B, paying 63,000 won by card
    When the seller finds 1 of line 2
    Then the answer names total 43000
    When the buyer cancels line 2
    Then the answer names total 23000
    And the answer names due 0
    When the seller prepares the order
    And the seller loses 1 of line 1
    Then the orders are:
      | goods  | shipping | total  | due |
      | 60,000 | 3,000    | 13,000 | 0   |
    When the seller loses 1 of line 1
    Then the orders are:
      | status       | shipping | total | due |
      | OUT_OF_STOCK | 0        | 0     | 0   |

  @G4.owed @W3 @W5
  Scenario: An order that ended unpaid owes nothing
    Given the buyer orders 1 A
    When the buyer gives up paying
    Then the orders are:
      | status            | goods  | total | due |
      | PAYMENT_CANCELLED | 10,000 | 0     | 0   |
    When the payment side approves 13,000 won by card
    Then the answer notes payment expired
    And the orders are:
      | total | due |
      | 0     | 0   |

  @G4.owed @W4
  Scenario: An order that expired owes nothing
    Given unpaid orders expire at once
    And the buyer orders 1 A to postal code 63100
    When the payment deadline passes
    Then the orders are:
      | status          | zone | total | due |
      | PAYMENT_EXPIRED | JEJU | 0     | 0   |

  @G4.owed @G4.return
  Scenario: What is set aside for a return comes back into the total when it is withdrawn
    Given the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    When the buyer asks to return 1 of line 1 because of a defect
    Then the orders are:
      | total  |
      | 13,000 |
    When the buyer withdraws return 1
    Then the orders are:
      | total  |
      | 23,000 |

  @W14 @Q8 @G4.owed
  Scenario: The surcharge of the first address is in the total
    When the buyer orders 1 A to postal code 63100, paying 13,000 won by card, but is refused because amount_mismatch
    Then the refusal names due 16000
    When the buyer orders 1 A to postal code 63100, paying 16,000 won by card
    Then the fees are:
      | kind      | amount | group | unpaid |
      | ORDER     | 3,000  | 1     | no     |
      | SURCHARGE | 3,000  | 1     | no     |
    And the orders are:
      | destination | zone | shipping | total  | due |
      | HOME        | JEJU | 6,000    | 16,000 | 0   |
    When the seller readies the order for shipping
    And the seller ships the order without a waybill
    Then the order is SHIPPED

  @W14 @Q8
  Scenario: An island's surcharge is awaited with a deposit, and owed for goods that ship free
    When the buyer orders 1 B to postal code 23100, to be paid to account 110-1
    Then the settlements are:
      | expected |
      | 25,000   |
    When the payment side confirms a deposit of 20,000 won
    Then the answer notes amount mismatch
    When the payment side confirms a deposit of 25,000 won
    Then the orders are:
      | zone   | total  | due |
      | ISLAND | 25,000 | 0   |

  @W14
  Scenario: Where no place costs a surcharge none is owed
    Given no place costs a surcharge
    When the buyer orders 1 A to postal code 63100
    Then the answer names total 13000

  @W14 @S6.3
  Scenario: Goods of three lanes go to Jeju for one surcharge
    Given there are three lanes
    And the goods:
      | goods | price  | lane |
      | X     | 10,000 | 1    |
      | Y     | 10,000 | 2    |
    When the buyer orders 1 X and 1 Y to postal code 63644, paying 20,000 won by card, but is refused because amount_mismatch
    And the buyer orders 1 X and 1 Y to postal code 63644
    Then the answer names total 23000
    And the answer names due 23000
    When the payment side approves 23,000 won by card
    Then the orders are:
      | status  | total  | due |
      | ORDERED | 23,000 | 0   |

  @W14 @Q8 @G4.owed
  Scenario: A change of address owes the difference, or gives it back
    Given the buyer orders 1 A and 1 B to postal code 63100, paying 36,000 won by card
    When the buyer chooses postal code 23100
    Then the answer names total 38000
    And the answer names due 2000
    When the seller readies the order for shipping
    And the seller ships the order without a waybill, but is refused because surcharge_unpaid
    And the buyer chooses postal code 04524
    Then the answer names total 33000
    And the answer names due 0
    And the card has 33,000 won refundable, 3,000 won planned, nothing excluded and nothing refunded
    When the buyer chooses postal code 63100
    And the payment side approves 3,000 won by card
    Then the fees are:
      | kind      | amount | given back | group | unpaid |
      | ORDER     | 3,000  | 0          | 1     | no     |
      | ORDER     | 0      | 0          | 1     | no     |
      | SURCHARGE | 3,000  | 3,000      | 1     | no     |
      | SURCHARGE | 2,000  | 2,000      | 2     | yes    |
      | SURCHARGE | 3,000  | 0          | 3     | no     |
    And the orders are:
      | total  | due |
      | 36,000 | 0   |
    When the seller ships the order without a waybill
    Then the order is SHIPPED

  @W14 @G4.owed @W18
  Scenario: What is owed is waived, in part and whole
    Given the buyer orders 1 A and 1 B, paying 33,000 won by card
    When the buyer chooses postal code 63100
    And the seller readies the order for shipping
    And the seller ships the order without a waybill, but is refused because surcharge_unpaid
    And the operator waives 3,001 won of fee 3, but is refused because amount_mismatch
    Then the refusal names due 3000
    When the operator waives 1,000 won of fee 3
    Then the answer names total 35000
    And the answer names due 2000
    When the seller ships the order without a waybill, but is refused because surcharge_unpaid
    And the operator waives what is owed
    Then the fees are:
      | kind      | amount | given back | unpaid |
      | ORDER     | 3,000  | 0          | no     |
      | ORDER     | 0      | 0          | no     |
      | SURCHARGE | 3,000  | 3,000      | yes    |
    And the orders are:
      | shipping | total  | due |
      | 3,000    | 33,000 | 0   |
    And the card has 33,000 won refundable, nothing planned, nothing excluded and nothing refunded
    And the audit entries are:
      | kind        | reason       |
      | DEBT_WAIVED | kept waiting |
      | DEBT_WAIVED | kept waiting |
    When the operator waives what is owed, but is refused because amount_mismatch
    And the seller ships the order without a waybill
    Then the order is SHIPPED

  @W14 @G4.owed
  Scenario: From Jeju over an island and Seoul to Jeju again, nothing paid between
    Given the buyer orders 1 A and 1 B, paying 33,000 won by card
    When the buyer chooses postal code 63100
    And the buyer chooses postal code 40200
    And the buyer chooses postal code 04524
    Then the orders are:
      | shipping | total  | due |
      | 3,000    | 33,000 | 0   |
    When the buyer chooses postal code 63100
    Then the orders are:
      | status  | shipping | total  | due   |
      | ORDERED | 6,000    | 36,000 | 3,000 |
    And the card has 33,000 won refundable, nothing planned, nothing excluded and nothing refunded
    When the seller prepares the order
    And the payment side approves 3,000 won by card
    Then the orders are:
      | status    | total  | due |
      | PREPARING | 36,000 | 0   |

  @W14 @W2
  Scenario: An address that changes before payment changes what is due
    Given the buyer orders 1 A, to be paid by bank transfer
    When the buyer chooses postal code 63100
    Then the answer names total 16000
    And the answer names due 16000
    And the settlements are:
      | expected |
      | 16,000   |
    When the payment side confirms a deposit of 16,000 won
    Then the settlements are:
      | group | paid   | refundable |
      | 1     | 16,000 | 16,000     |

  @G5.7 @G5.8
  Scenario: A return costs what sending cost on the day of the order
    Given the buyer orders 1 A, paying 13,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    When the operator changes the shipping of A to 9,000 won
    And the buyer asks to return 1 of line 1 because of a change of mind
    Then the card has 3,000 won refundable, 7,000 won planned, 3,000 won excluded and nothing refunded

  @G4.points
  Scenario: Points that were used earn no points
    Given the buyer orders 1 A, paying 6,000 won by points and 7,000 won by card
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 by waybill 100
    And the carrier delivers the order
    When the buyer confirms the purchase
    Then the points are:
      | kind   | amount |
      | USED   | 6,000  |
      | EARNED | 400    |

  @G4.points
  Scenario: Points are earned on all that was paid, where the shop says so
    Given points are earned on all that was paid
    And the buyer orders 1 A, paying 6,000 won by points and 7,000 won by card
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 by waybill 100
    And the carrier delivers the order
    When the buyer confirms the purchase
    Then the points are:
      | kind   | amount |
      | USED   | 6,000  |
      | EARNED | 1,000  |

  @Q10 @G4.promotions
  Scenario: A coupon is of what the promotion left, where the shop says so
    Given coupons are of what promotions leave
    And promotion P takes 10% off
    And coupon C takes 20% off
    When the buyer orders:
      | goods | quantity | promotion | coupon |
      | B     | 1        | P         | C      |
    Then the answer names total 14400
