Feature: Returns
  Asked for, approved or rejected, collected, completed; or withdrawn. Money and quantities follow.

  Background:
    Given the goods:
      | goods | price  | shipping | pre-refund | stock |
      | A     | 10,000 | 3,000    | no         | 10    |
      | B     | 5,000  |          | yes        | 10    |
    And the buyer orders 3 A and 2 B, paying 43,000 won by card

  @W22 @G4.return @G4.settlement @Q2
  Scenario: A return of a part, from the request to the money
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 2 of line 1 because of a change of mind
    Then the order is RETURNING
    And line 1 is SHIPPED
    And the card has 23,000 won refundable, 17,000 won planned, 3,000 won excluded and nothing refunded
    And the lines are:
      | line | ordered | return accepted | returned |
      | 1    | 3       | 2               | 0        |
      | 2    | 2       | 0               | 0        |
    When the payment side confirms refund 1, but is refused because illegal_transition
    And the seller approves return 1
    And the payment side confirms refund 1, but is refused because illegal_transition
    And the seller collects return 1
    And the payment side confirms refund 1, but is refused because illegal_transition
    And the seller completes return 1
    And the payment side confirms refund 1
    Then the card has 23,000 won refundable, nothing planned, 3,000 won excluded and 17,000 won refunded
    And the returns are:
      | group | line | quantity | collected | sellable | amount     | withheld  | state     | timing | to collect |
      | 1     | 1    | 2        | 2         | 2        | 20,000 won | 3,000 won | COMPLETED | AFTER  | yes        |
    And line 1 is SHIPPED
    And the order is SHIPPED
    And A has 9 on hand, 0 held and 3 sold
    And the orders are:
      | order | status  |
      | o-1   | SHIPPED |

  @W22 @G4.return @G5.8
  Scenario: Goods that are prepared return without fee or collection
    Given the seller prepares the order
    When the buyer asks to return 3 of line 1 because of a change of mind
    Then line 1 is RETURNING
    And the order is RETURNING
    When the seller approves return 1
    Then line 1 is RETURNED
    And the order is PREPARING
    And the returns are:
      | line | quantity | collected | state     | had left | to collect |
      | 1    | 3        | 0         | COMPLETED | no       | no         |
    And the card has 10,000 won refundable, 33,000 won planned, nothing excluded and nothing refunded
    And A has 10 on hand, 0 held and 3 sold
    When the seller collects return 1, but is refused because illegal_transition
    And the payment side confirms refund 1
    Then the card has 10,000 won refundable, nothing planned, nothing excluded and 33,000 won refunded

  @W22
  Scenario: Goods that are being procured, or are, return too
    Given the seller prepares the order
    And the seller uses own stock for line 1
    When the buyer asks to return 1 of line 1 because of a change of mind
    And the seller approves return 1
    Then line 1 is PROCUREMENT_CHECK
    When the seller completes procurement
    And the buyer asks to return 1 of line 1 because of a change of mind
    And the seller approves return 2
    Then line 1 is PROCUREMENT_DONE
    And the lines are:
      | line | ordered | returned |
      | 1    | 3       | 2        |
      | 2    | 2       | 0        |
    And A has 9 on hand, 0 held and 3 sold

  @W22 @WX
  Scenario: Nothing returns before preparation, where cancelling does
    When the buyer asks to return 1 of line 1 because of a change of mind, but is refused because illegal_transition
    Then the refusal names status ORDERED
    And the refusal names command request_return

  @G3.8 @W22 @W23
  Scenario: A claim names what is left of a line
    Given the seller finds 2 of line 1
    And the seller readies the order for shipping
    And the seller ships 2 of line 1 and 2 of line 2 by waybill 100
    When the buyer asks to return 3 of line 1 because of a defect, but is refused because quantity_exceeded
    Then the refusal names available 2
    When the buyer asks to return 0 of line 1 because of a defect, but is refused because quantity_exceeded
    And the buyer asks to return 1 of line 9 because of a defect, but is refused because unknown_line
    And the buyer asks to return 1 of line 1 because of a defect
    And the buyer asks to exchange 2 of line 1 because of a defect, but is refused because quantity_exceeded
    And the buyer asks to exchange 1 of line 1 because of a defect
    And the buyer asks to return 1 of line 1 because of a defect, but is refused because illegal_transition
    Then the lines are:
      | line | ordered | cancelled | return accepted | exchange accepted |
      | 1    | 3       | 1         | 1               | 1                 |
      | 2    | 2       | 0         | 0               | 0                 |

  @G4.return @G3.9
  Scenario: A rejected return restores status, quantities and money
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 3 of line 1 and 2 of line 2 because of a change of mind
    Then the order is RETURNING
    When the seller rejects return 1
    Then the order is SHIPPED
    And lines 1 and 2 are SHIPPED and DELIVERED
    And the card has 43,000 won refundable, nothing planned, nothing excluded and nothing refunded
    And the refunds are:
      | refund | state     | planned |
      | 1      | PLANNED   | 37,000  |
      | 1      | WITHDRAWN | -37,000 |
    When the seller approves return 1, but is refused because illegal_transition
    And the buyer withdraws return 1, but is refused because illegal_transition
    And the buyer asks to return 3 of line 1 because of a defect
    Then line 1 is RETURNING
    When the seller rejects return 2
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED

  @G4.return
  Scenario: Rejection brings a line back to where it was
    Given the seller prepares the order
    When the buyer asks to return 3 of line 1 because of a change of mind
    And the seller rejects return 1
    Then line 1 is PREPARING
    When the seller uses own stock for lines 1 and 2
    And the buyer asks to return 3 of line 1 because of a change of mind
    And the seller rejects return 2
    Then line 1 is PROCUREMENT_CHECK
    When the seller completes procurement
    And the buyer asks to return 3 of line 1 because of a change of mind
    And the seller rejects return 3
    Then line 1 is PROCUREMENT_DONE
    And the card has 43,000 won refundable, nothing planned, nothing excluded and nothing refunded

  @G3.9 @G4.return
  Scenario: A return is withdrawn when asked for and when approved; when a part is back, what is still out
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 2 of line 1 because of a change of mind
    And the buyer withdraws return 1
    Then the order is SHIPPED
    And the card has 43,000 won refundable, nothing planned, nothing excluded and nothing refunded
    When the buyer asks to return 2 of line 1 because of a change of mind
    And the seller approves return 2
    And the buyer withdraws return 2
    Then the order is SHIPPED
    When the buyer asks to return 2 of line 1 because of a change of mind
    And the seller approves return 3
    And the seller collects 1 of line 1 for return 3
    And the buyer withdraws return 3, but is refused because illegal_transition
    And the buyer withdraws 1 of line 1 of return 3
    And the seller completes return 3
    Then the order is SHIPPED
    And the lines are:
      | line | return accepted | returned |
      | 1    | 1               | 1        |
      | 2    | 0               | 0        |
    And the card has 33,000 won refundable, 7,000 won planned, 3,000 won excluded and nothing refunded

  @G3.9 @G4.return
  Scenario: A return is not withdrawn once it is collected
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    When the buyer asks to return 2 of line 1 because of a change of mind
    And the seller approves return 1
    And the seller collects return 1
    And the buyer withdraws return 1, but is refused because illegal_transition
    And the seller completes return 1
    And the buyer withdraws return 1, but is refused because illegal_transition
    Then the lines are:
      | line | return accepted | returned |
      | 1    | 2               | 2        |
      | 2    | 0               | 0        |

  @G3.9 @G3.10 @G4.refund
  Scenario: A return is not withdrawn once its money is on its way
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    When the buyer asks to return 2 of line 2 because of a defect
    And the seller approves return 1
    And the buyer withdraws return 1, but is refused because illegal_transition
    And the payment side confirms refund 1
    And the buyer withdraws return 1, but is refused because illegal_transition
    Then the card has 33,000 won refundable, nothing planned, nothing excluded and 10,000 won refunded

  @G3.10 @Q7 @G4.return
  Scenario: Goods marked for it are refunded before collection, the others after
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    When the buyer asks to return 1 of line 2 because of a defect
    And the buyer asks to return 1 of line 1 because of a defect
    And the seller approves return 1
    And the seller approves return 2
    Then the returns are:
      | group | line | timing | state    |
      | 1     | 2    | BEFORE | APPROVED |
      | 2     | 1    | AFTER  | APPROVED |
    And the lines are:
      | line | pre-refund | timing |
      | 1    | no         | AFTER  |
      | 2    | yes        | BEFORE |
    When the payment side confirms refund 1
    And the payment side confirms refund 2, but is refused because illegal_transition
    Then the card has 28,000 won refundable, 10,000 won planned, nothing excluded and 5,000 won refunded

  @G3.10 @Q7
  Scenario: Refund before collection is kept on the line, and overridden by the seller only
    Given the operator marks A for refund before collection
    And the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    When the buyer asks to return 1 of line 1 because of a defect, refunded before collection, but is refused because not_pre_refundable
    And the buyer asks to return 1 of line 1 because of a defect
    And the seller approves return 1, refunded before collection
    And the payment side confirms refund 1
    Then the card has 33,000 won refundable, nothing planned, nothing excluded and 10,000 won refunded
    When the seller asks to return 1 of line 1 because of a defect, refunded before collection
    And the buyer asks to return 1 of line 2 because of a defect, refunded after collection
    Then the returns are:
      | group | line | timing |
      | 1     | 1    | BEFORE |
      | 2     | 1    | BEFORE |
      | 3     | 2    | AFTER  |

  @G4.return @W22
  Scenario: A return group is complete only when all its units are back
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the buyer asks to return 2 of line 1 and 1 of line 2 because of a defect
    When the seller collects return 1, but is refused because illegal_transition
    And the seller approves return 1
    And the seller completes return 1, but is refused because illegal_transition
    And the seller collects 2 of line 1 for return 1
    And the seller completes return 1, but is refused because illegal_transition
    And the seller collects 2 of line 2 for return 1, but is refused because quantity_exceeded
    Then the returns are:
      | line | quantity | collected | state    |
      | 1    | 2        | 2         | APPROVED |
      | 2    | 1        | 0         | APPROVED |
    When the seller collects 1 of line 2 for return 1
    And the seller completes return 1
    Then the returns are:
      | line | quantity | collected | state     |
      | 1    | 2        | 2         | COMPLETED |
      | 2    | 1        | 1         | COMPLETED |

  @G4.return @S6.1 @S6.5
  Scenario: Only what inspection finds sellable is sold again
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the buyer asks to return 3 of line 1 because of damage
    And the seller approves return 1
    And the seller collects return 1
    Then A has 7 on hand, 0 held and 3 sold
    When the seller completes return 1, finding 2 sellable and 2 unsellable of line 1, but is refused because quantity_exceeded
    And the seller completes return 1, finding 1 sellable and 2 unsellable of line 1
    Then A has 8 on hand, 0 held and 3 sold
    And the returns are:
      | line | quantity | sellable |
      | 1    | 3        | 1        |
    And line 1 is RETURNED
    And the movements of A are:
      | movement | quantity | reason     |
      | RECEIVE  | 10       |            |
      | DEDUCT   | 3        |            |
      | RESTOCK  | 3        | unsellable |
      | SHRINK   | 2        | unsellable |

  @G4.return @G5.7
  Scenario: What is kept back is never more than the goods were worth
    Given the goods:
      | goods | price | shipping |
      | cheap | 1,000 | 5,000    |
    And the buyer orders 1 cheap, paying 6,000 won by card
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 by waybill 100
    When the buyer asks to return 1 of line 1 because of a change of mind
    Then the card has 5,000 won refundable, nothing planned, 1,000 won excluded and nothing refunded

  @G5.2 @G4.return
  Scenario: Returned units of a discounted line share what it was paid
    Given the goods:
      | goods | price |
      | odd   | 333   |
    And promotion P takes 10% off
    And the buyer orders, paying 900 won by card:
      | goods | quantity | promotion |
      | odd   | 3        | P         |
    And the seller readies the order for shipping
    And the seller ships 3 of line 1 by waybill 100
    When the buyer asks to return 2 of line 1 because of a defect
    And the buyer asks to return 1 of line 1 because of a defect
    Then the returns are:
      | group | quantity | amount |
      | 1     | 2        | 600    |
      | 2     | 1        | 300    |
    And the card has nothing refundable, 900 won planned, nothing excluded and nothing refunded

  @G4.refund @G4.points @G4.return
  Scenario: A return of a mixed payment gives the card back first, and points as points
    Given the buyer orders 2 A as order mixed, paying 13,000 won by card and 10,000 won by points
    And the seller readies the order for shipping
    And the seller ships 2 of line 1 by waybill 100
    When the buyer asks to return 2 of line 1 because of a defect
    And the seller approves return 1, refunded before collection
    And the payment side confirms refund 1
    And the payment side confirms refund 2
    Then the card has nothing refundable, nothing planned, nothing excluded and 13,000 won refunded
    And the points have nothing refundable, nothing planned, nothing excluded and 10,000 won refunded
    And the points are:
      | kind       | amount     |
      | USED       | 10,000 won |
      | GIVEN_BACK | 10,000 won |

  @W22 @G3.7 @G3.8
  Scenario: A claim on a part leaves the rest on its way
    Given the seller readies the order for shipping
    When the buyer asks to return 1 of line 1 because of a change of mind
    And the seller ships 2 of line 1 and 2 of line 2 by waybill 100
    And the carrier delivers the order
    Then line 1 is SHIPPED and DELIVERED
    And the order is RETURNING
    When the buyer confirms the purchase of line 1, but is refused because illegal_transition
    And the seller rejects return 1
    Then line 1 is SHIPPED and IN_TRANSIT
    When the seller registers waybill 200 for 1 of line 1
    And the carrier delivers waybill 200
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED
    And the lines are:
      | line | delivered |
      | 1    | 3         |
      | 2    | 2         |

  @W22 @G4.return
  Scenario: Several returns of one line, each with its own end
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 1 of line 1 because of a change of mind
    And the buyer asks to return 1 of line 1 because of a defect
    And the seller rejects return 1
    And the buyer asks to return 1 of line 1 because of the wrong item
    And the buyer withdraws return 2
    And the seller approves return 3
    And the seller collects return 3
    And the seller completes return 3
    And the payment side confirms refund 3
    Then line 1 is SHIPPED
    And the lines are:
      | line | return accepted | returned |
      | 1    | 1               | 1        |
      | 2    | 0               | 0        |
    And the card has 33,000 won refundable, nothing planned, nothing excluded and 10,000 won refunded
    When the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED

  @W22 @G4.return @S6.1
  Scenario: A return survives a server that starts over
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the buyer asks to return 2 of line 1 because of a change of mind
    When the server starts over
    And the seller approves return 1
    And the server starts over
    And the seller collects return 1
    And the server starts over
    And the seller completes return 1
    And the payment side confirms refund 1
    Then the card has 23,000 won refundable, nothing planned, 3,000 won excluded and 17,000 won refunded
    And A has 9 on hand, 0 held and 3 sold

  @W14 @W22 @G5.1
  Scenario: A surcharge goes back once all goods do, before they left
    Given the seller prepares the order
    And the buyer chooses postal code 63100
    And the payment side approves 3,000 won by card
    And the seller procures the order from own stock
    When the buyer asks to return 3 of line 1 because of a change of mind
    And the seller approves return 1
    Then the settlements are:
      | no | refundable | planned |
      | 1  | 10,000     | 33,000  |
      | 2  | 3,000      | 0       |
    When the buyer asks to return 2 of line 2 because of a change of mind
    And the seller approves return 2
    Then the settlements are:
      | no | refundable | planned |
      | 1  | 0          | 43,000  |
      | 2  | 0          | 3,000   |
    And the order is RETURNED

  @W14 @G5.8 @G5.1
  Scenario: A surcharge goes back where the seller sent what was wrong, and stays where the buyer changed their mind
    Given the seller prepares the order
    And the buyer chooses postal code 63100
    And the payment side approves 3,000 won by card
    And the seller procures the order from own stock
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 3 of line 1 and 2 of line 2 because of a change of mind
    Then the settlements are:
      | no | refundable | planned | excluded |
      | 1  | 3,000      | 37,000  | 3,000    |
      | 2  | 3,000      | 0       | 0        |
    When the seller rejects return 1
    And the buyer asks to return 3 of line 1 and 2 of line 2 because of the wrong item
    Then the settlements are:
      | no | refundable | planned | excluded |
      | 1  | 0          | 43,000  | 0        |
      | 2  | 0          | 3,000   | 0        |

  @W22 @W23 @G3.8
  Scenario: A return and an exchange of one line go their own ways
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 1 of line 1 because of a defect
    And the buyer asks to exchange 1 of line 1 because of a defect
    And the seller approves exchange 2 by adding a product
    And the seller approves return 1
    And the seller collects return 1
    And the seller completes return 1
    Then the lines are:
      | line | status    | ordered | returned | exchanged |
      | 1    | SHIPPED   | 3       | 1        | 1         |
      | 2    | SHIPPED   | 2       | 0        | 0         |
      | 3    | PREPARING | 1       | 0        | 0         |
    And A has 7 on hand, 0 held and 4 sold
    When the buyer confirms the purchase
    And the seller procures the order from own stock
    And the seller ships 1 of line 3 by waybill 200
    And the carrier delivers line 3
    And the buyer asks to return 1 of line 3 because of a defect
    And the seller approves return 3
    And the seller collects return 3
    And the seller completes return 3
    Then the order is PURCHASE_CONFIRMED
    And line 3 is RETURNED
    And the exchanges are:
      | group | state     |
      | 2     | COMPLETED |
    And the card has 23,000 won refundable, 20,000 won planned, nothing excluded and nothing refunded

  @W22 @G4.return @G5.1
  Scenario: Of several returns of a row, a fee goes back with the last that ends, and stays while one may be withdrawn
    Given the seller readies the order for shipping
    And the seller ships 3 of line 1 and 2 of line 2 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 2 of line 1 because of a defect
    And the buyer asks to return 1 of line 1 because of a defect
    Then the card has 13,000 won refundable, 30,000 won planned, nothing excluded and nothing refunded
    When the seller approves return 2
    And the seller collects return 2
    And the seller completes return 2
    Then the card has 13,000 won refundable, 30,000 won planned, nothing excluded and nothing refunded
    When the seller approves return 1
    And the seller collects return 1
    And the seller completes return 1
    Then the card has 10,000 won refundable, 33,000 won planned, nothing excluded and nothing refunded
