Feature: Shipping fees
  One row a partner and delivery template; bundled goods of a row pay once, the others each.

  Background:
    Given the goods:
      | goods | price  | shipping | partner | template | bundled |
      | A     | 10,000 | 1,000    | p-1     | t1       | yes     |
      | B     | 10,000 | 1,000    | p-1     | t1       | yes     |
      | C     | 10,000 | 1,000    | p-1     | t1       | yes     |
      | D     | 10,000 | 3,000    | p-1     | t2       | no      |
      | E     | 10,000 | 3,000    | p-1     | t2       | no      |
      | F     | 10,000 | 5,000    | p-2     | t3       | yes     |

  @G5.v1 @G5.3
  Scenario: Two partners and three templates make three rows
    When the buyer orders 1 A, 1 B, 1 D, 1 E and 1 F, paying 62,000 won by card
    Then the fees are:
      | row | partner | template | amount | reason  | group |
      | 1   | p-1     | t1       | 1,000  | CHARGED | 1     |
      | 2   | p-1     | t2       | 6,000  | CHARGED | 1     |
      | 3   | p-2     | t3       | 5,000  | CHARGED | 1     |
    And the orders are:
      | order | goods  | shipping | total  |
      | o-1   | 50,000 | 12,000   | 62,000 |

  @G5.v2 @G5.3 @G5.5
  Scenario: Bundled goods of one template pay once, whatever their quantity
    When the buyer orders 3 A, 2 B and 1 C, paying 61,000 won by card
    Then the fees are:
      | template | amount |
      | t1       | 1,000  |

  @G5.v3 @G5.3 @G5.5
  Scenario: Goods that are not bundled pay each, but not by quantity
    Given the goods:
      | goods | price  | shipping | template | bundled |
      | X     | 10,000 | 1,000    | t4       | no      |
      | Y     | 10,000 | 1,000    | t4       | no      |
      | Z     | 10,000 | 1,000    | t4       | no      |
    When the buyer orders 5 X, 1 Y and 1 Z, paying 73,000 won by card
    Then the fees are:
      | template | amount |
      | t4       | 3,000  |

  @G5.v4 @G5.3
  Scenario: Different templates never combine
    Given the goods:
      | goods | price  | shipping |
      | X     | 10,000 | 1,000    |
      | Y     | 10,000 | 1,000    |
      | Z     | 10,000 | 3,000    |
    When the buyer orders 1 X, 1 Y and 1 Z, paying 35,000 won by card
    Then the fees are:
      | template | amount |
      | t-X      | 1,000  |
      | t-Y      | 1,000  |
      | t-Z      | 3,000  |

  @G5.v5 @G5.3
  Scenario: Bundled goods pay the highest of their fees
    Given the goods:
      | goods | price  | shipping | template |
      | X     | 10,000 | 1,000    | t4       |
      | Y     | 10,000 | 2,000    | t4       |
    When the buyer orders 1 X and 1 Y, paying 22,000 won by card
    Then the fees are:
      | template | amount |
      | t4       | 2,000  |

  @G5.v6 @G5.3
  Scenario: Bundled and unbundled goods of one row add up
    Given the goods:
      | goods | price  | shipping | template | bundled |
      | X     | 10,000 | 1,000    | t4       | yes     |
      | Y     | 10,000 | 1,000    | t4       | yes     |
      | Z     | 10,000 | 3,000    | t4       | no      |
    When the buyer orders 1 X, 1 Y and 1 Z, paying 34,000 won by card
    Then the fees are:
      | template | amount |
      | t4       | 4,000  |

  @G5.v7 @G5.4
  Scenario: Shipping is free from the template's threshold on, before discounts
    Given the goods:
      | goods | price  | shipping | template | free from |
      | X     | 49,999 | 1,000    | t4       | 50,000    |
      | Y     | 1      | 1,000    | t4       | 50,000    |
    And promotion P takes 10% off
    When the buyer orders 1 X, paying 50,999 won by card
    Then the fees are:
      | base  | amount | reason  |
      | 1,000 | 1,000  | CHARGED |
    When the buyer orders, paying 45,001 won by card:
      | goods | quantity | promotion |
      | X     | 1        | P         |
      | Y     | 1        |           |
    Then the fees are:
      | base  | amount | reason         |
      | 1,000 | 0      | FREE_THRESHOLD |

  @G5.4
  Scenario: Free goods pay nothing
    Given the goods:
      | goods | price  | shipping | template | free shipping |
      | X     | 10,000 | 1,000    | t4       | yes           |
      | Y     | 10,000 | 2,000    | t4       | no            |
    When the buyer orders 1 X, paying 10,000 won by card
    Then the fees are:
      | amount | reason     |
      | 0      | FREE_GOODS |
    When the buyer orders 1 X and 1 Y, paying 22,000 won by card
    Then the fees are:
      | amount | reason  |
      | 2,000  | CHARGED |

  @G5.5 @G3.2
  Scenario: Gifts pay no shipping and count towards no threshold
    Given the goods:
      | goods | price | shipping | template | gift | free from |
      | X     | 9,000 | 1,000    | t4       | no   | 10,000    |
      | G     | 5,000 | 700      | t4       | yes  | 10,000    |
      | H     | 5,000 | 700      | t5       | yes  |           |
    And gift promotion both gives 2 G and H for each 1 X
    When the buyer orders, paying 10,000 won by card:
      | goods | gift of line |
      | X     |              |
      | G     | 1            |
      | H     | 1            |
    Then the fees are:
      | template | amount | reason    |
      | t4       | 1,000  | CHARGED   |
      | t5       | 0      | GIFT_ONLY |

  @G5.1 @W6
  Scenario: A fee goes back with the last goods of its row
    When the buyer orders 1 A, 1 B and 1 F, paying 36,000 won by card
    And the buyer cancels line 1
    Then the card has 26,000 won refundable, 10,000 won planned, nothing excluded and nothing refunded
    When the buyer cancels line 3
    Then the card has 11,000 won refundable, 25,000 won planned, nothing excluded and nothing refunded
    When the buyer cancels line 2
    Then the card has nothing refundable, 36,000 won planned, nothing excluded and nothing refunded
    And the fees are:
      | template | amount | given back |
      | t1       | 1,000  | 1,000      |
      | t3       | 5,000  | 5,000      |

  @G5.1 @G5.5 @G3.2
  Scenario: A gift does not keep the fee of its row
    Given the goods:
      | goods | price | shipping | template | gift |
      | X     | 1,000 | 300      | t4       | no   |
      | Y     | 2,000 | 300      | t4       | no   |
      | G     |       |          | t4       | yes  |
      | O     | 5,000 | 700      | t5       | no   |
    When the buyer orders, paying 9,000 won by card:
      | goods | gift of line |
      | X     |              |
      | Y     |              |
      | O     |              |
      | G     | 3            |
    And the buyer cancels line 1
    Then the card has 8,000 won refundable, 1,000 won planned, nothing excluded and nothing refunded
    When the buyer cancels line 2
    Then the card has 5,700 won refundable, 3,300 won planned, nothing excluded and nothing refunded
    When the buyer cancels line 3
    Then the card has nothing refundable, 9,000 won planned, nothing excluded and nothing refunded

  @G5.6 @G5.1
  Scenario: A part cancellation keeps the threshold's verdict
    Given the goods:
      | goods | price  | shipping | template | free from |
      | X     | 40,000 | 1,000    | t4       | 50,000    |
      | Y     | 10,000 | 1,000    | t4       | 50,000    |
    When the buyer orders 1 X and 1 Y, paying 50,000 won by card
    And the buyer cancels line 2
    Then the card has 40,000 won refundable, 10,000 won planned, nothing excluded and nothing refunded
    And the fees are:
      | amount | reason         |
      | 0      | FREE_THRESHOLD |

  @G5.v8 @G5.7 @W22
  Scenario: A return is priced like an order of its lines
    Given the goods:
      | goods | price | template | shipping |
      | Q     | 100   | t9       | 0        |
    And the buyer orders 6 A, 6 B, 6 D, 6 E and 6 F, paying 312,000 won by card
    And the operator readies the order for shipping
    And the operator ships 6 of line 1, 6 of line 2, 6 of line 3, 6 of line 4 and 6 of line 5 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 1 of line 1 because of a change of mind
    And the buyer asks to return 1 of line 1 and 1 of line 2 because of a change of mind
    And the buyer asks to return 1 of line 3 because of a change of mind
    And the buyer asks to return 1 of line 3 and 1 of line 4 because of a change of mind
    And the buyer asks to return 1 of line 1 and 1 of line 3 because of a change of mind
    And the buyer asks to return 1 of line 5 because of a change of mind
    Then the fees are:
      | kind   | return | template | amount | reason  | fault |
      | ORDER  |        | t1       | 1,000  | CHARGED |       |
      | ORDER  |        | t2       | 6,000  | CHARGED |       |
      | ORDER  |        | t3       | 5,000  | CHARGED |       |
      | RETURN | 1      | t1       | 1,000  | CHARGED | BUYER |
      | RETURN | 2      | t1       | 1,000  | CHARGED | BUYER |
      | RETURN | 3      | t2       | 3,000  | CHARGED | BUYER |
      | RETURN | 4      | t2       | 6,000  | CHARGED | BUYER |
      | RETURN | 5      | t1       | 1,000  | CHARGED | BUYER |
      | RETURN | 5      | t2       | 3,000  | CHARGED | BUYER |
      | RETURN | 6      | t3       | 5,000  | CHARGED | BUYER |
    And the card has 222,000 won refundable, 70,000 won planned, 20,000 won excluded and nothing refunded

  @G5.8 @G5.7
  Scenario: The seller's fault pays nothing, and the outbound fee goes back with the last goods
    Given the buyer orders 2 F, paying 25,000 won by card
    And the operator readies the order for shipping
    And the operator ships 2 of line 1 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 1 of line 1 because of a defect
    Then the card has 15,000 won refundable, 10,000 won planned, nothing excluded and nothing refunded
    When the buyer asks to return 1 of line 1 because of the wrong item
    Then the card has 5,000 won refundable, 20,000 won planned, nothing excluded and nothing refunded
    When the operator approves return 1
    And the operator approves return 2
    And the operator collects return 1
    And the operator collects return 2
    And the operator completes return 1
    And the operator completes return 2
    Then the card has nothing refundable, 25,000 won planned, nothing excluded and nothing refunded
    And the fees are:
      | kind   | return | base  | amount | reason       | fault  |
      | ORDER  |        | 5,000 | 5,000  | CHARGED      |        |
      | RETURN | 1      | 5,000 | 0      | SELLER_FAULT | SELLER |
      | RETURN | 2      | 5,000 | 0      | SELLER_FAULT | SELLER |

  @G5.8
  Scenario: Goods that had not left return without a fee, and their shipping goes back
    Given the buyer orders 1 F, paying 15,000 won by card
    And the operator prepares the order
    When the buyer asks to return 1 of line 1 because of a change of mind
    Then the fees are:
      | kind   | return | amount | reason      | given back |
      | ORDER  |        | 5,000  | CHARGED     | 5,000      |
      | RETURN | 1      | 0      | NOT_SHIPPED | 0          |
    And the card has nothing refundable, 15,000 won planned, nothing excluded and nothing refunded

  @G5.8 @G5.1
  Scenario: Goods sent for nothing by the buyer's fault keep the outbound fee
    Given the buyer orders 1 F, paying 15,000 won by card
    And the operator readies the order for shipping
    And the operator ships 1 of line 1 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 1 of line 1 because of a change of mind
    Then the card has 5,000 won refundable, 5,000 won planned, 5,000 won excluded and nothing refunded
    When the operator approves return 1
    And the operator collects return 1
    And the operator completes return 1
    Then the card has nothing refundable, 5,000 won planned, 10,000 won excluded and nothing refunded
