Feature: Points
  A means of payment, given back as points; and what a purchase earns, reversed on return.

  Background:
    Given the goods:
      | goods | price  | points | stock |
      | A     | 10,000 | 5%     | 10    |
      | B     | 3,333  | 1%     | 10    |

  @G4.points @W21
  Scenario: Points are earned at confirmation, of what was paid for what is kept
    Given promotion P takes 10% off
    And the buyer orders, paying 30,333 won by card:
      | goods | quantity | promotion |
      | A     | 3        | P         |
      | B     | 1        |           |
    And the seller readies the order for shipping
    And the seller ships 3 of line 1 and 1 of line 2 by waybill 100
    And the carrier delivers the order
    Then there are no points
    When the buyer asks to return 1 of line 1 because of a defect
    And the seller approves return 1
    And the seller collects return 1
    And the seller completes return 1
    And the buyer confirms the purchase
    Then the points are:
      | kind   | amount | customer | of     |
      | EARNED | 900    | u-1      | line:1 |
      | EARNED | 33     | u-1      | line:2 |
    And the lines are:
      | line | points |
      | 1    | 900    |
      | 2    | 33     |

  @G4.points @G4.return
  Scenario: Points earned at delivery are reversed with what is returned
    Given points are earned at delivery
    And the buyer orders 3 A, paying 30,000 won by card
    And the seller readies the order for shipping
    And the seller ships 3 of line 1 by waybill 100
    When the carrier delivers the order
    Then the points are:
      | kind   | amount |
      | EARNED | 1,500  |
    When the buyer asks to return 1 of line 1 because of a defect
    And the seller approves return 1
    And the seller collects return 1
    And the seller completes return 1
    Then the points are:
      | kind     | amount |
      | EARNED   | 1,500  |
      | REVERSED | 500    |
    When the buyer asks to return 2 of line 1 because of a defect
    And the seller approves return 2
    And the seller collects return 2
    And the seller completes return 2
    Then the points are:
      | kind     | amount |
      | EARNED   | 1,500  |
      | REVERSED | 500    |
      | REVERSED | 1,000  |
    And the lines are:
      | line | points |
      | 1    | 0      |

  @G4.points @G4.return
  Scenario: Units on their way back when the rest was delivered earned nothing, and take nothing with them
    Given points are earned at delivery
    And the buyer orders 3 A, paying 30,000 won by card
    And the seller readies the order for shipping
    And the seller ships 3 of line 1 by waybill 100
    When the buyer asks to return 1 of line 1 because of a defect
    And the carrier delivers the order
    Then the points are:
      | kind   | amount |
      | EARNED | 1,000  |
    # its share is of the two that earned, also while the one that did not is still open
    When the buyer asks to return 1 of line 1 because of a defect
    And the seller approves return 2
    And the seller collects return 2
    And the seller completes return 2
    Then the points are:
      | kind     | amount |
      | EARNED   | 1,000  |
      | REVERSED | 500    |
    When the seller approves return 1
    And the seller collects return 1
    And the seller completes return 1
    Then the points are:
      | kind     | amount |
      | EARNED   | 1,000  |
      | REVERSED | 500    |
    And the lines are:
      | line | points |
      | 1    | 500    |

  @G4.points @G3.6
  Scenario: Forced delivery earns none, whatever the policy
    Given points are earned at delivery
    And the buyer orders 1 A, paying 10,000 won by card
    And the seller readies the order for shipping
    And the seller sends the order on its way without a waybill
    When the seller forces the delivery of line 1 because "the courier lost its data"
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED
    And there are no points
    And the audit entries are:
      | kind            | actor      | reason                    |
      | FORCED_DELIVERY | seller:p-1 | the courier lost its data |

  @G4.points @G4.settlement @G4.refund
  Scenario: An order paid by points alone gives points back
    Given the buyer orders 1 A, paying 10,000 won by points
    When the buyer cancels line 1
    Then the points have nothing refundable, 10,000 won planned, nothing excluded and nothing refunded
    And the points are:
      | kind | amount     |
      | USED | 10,000 won |
    When the payment side confirms refund 1
    Then the points have nothing refundable, nothing planned, nothing excluded and 10,000 won refunded
    And the points are:
      | kind       | amount     |
      | USED       | 10,000 won |
      | GIVEN_BACK | 10,000 won |

  @G4.points @W5
  Scenario: An order that nobody paid has used no points
    When the buyer orders 1 A
    And the buyer gives up paying
    Then there are no points
    And there are no settlements

  @G4.points @G4.settlement @G4.return
  Scenario: A return fee is kept back of the card before the points
    Given the goods:
      | goods | price  | shipping |
      | heavy | 10,000 | 3,000    |
    And the buyer orders 2 heavy, paying 18,000 won by card and 5,000 won by points
    And the seller readies the order for shipping
    And the seller ships 2 of line 1 by waybill 100
    When the buyer asks to return 2 of line 1 because of a change of mind
    Then the card has nothing refundable, 17,000 won planned, 1,000 won excluded and nothing refunded
    And the points have 3,000 won refundable, nothing planned, 2,000 won excluded and nothing refunded
    When the seller rejects return 1
    Then the card has 18,000 won refundable, nothing planned, nothing excluded and nothing refunded
    And the points have 5,000 won refundable, nothing planned, nothing excluded and nothing refunded
