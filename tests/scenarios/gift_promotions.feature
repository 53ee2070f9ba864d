Feature: Gift promotions
  Gifts are entitled: a promotion says which goods bring which gifts, and how many. What has run out never takes the goods
  with it, and gifts follow goods that are cut.

  Background:
    Given the goods:
      | goods | price  | gift | stock |
      | A     | 10,000 | no   | 6     |
      | B     | 5,000  | no   | 6     |
      | G     |        | yes  | 500   |
      | H     |        | yes  | 1     |

  @D13
  Scenario: Four hundred gifts to one unit are refused
    When the buyer orders, paying 10,000 won by card, but is refused because gift_not_entitled:
      | goods | quantity | gift of line |
      | A     | 1        |              |
      | G     | 400      | 1            |
    Then order o-1 does not exist
    And G has 500 on hand, 0 held and 0 sold

  @D13
  Scenario: Without any promotion one gift comes with each unit, over all gifts of the line
    When the buyer orders, but is refused because gift_not_entitled:
      | goods | quantity | gift of line |
      | A     | 1        |              |
      | G     | 1        | 1            |
      | H     | 1        | 1            |
    And the buyer orders, paying 20,000 won by card:
      | goods | quantity | gift of line |
      | A     | 2        |              |
      | G     | 1        | 1            |
      | H     | 1        | 1            |
    Then the lines are:
      | line | gift promotion | ordered |
      | 1    |                | 2       |
      | 2    |                | 1       |
      | 3    |                | 1       |

  @D13
  Scenario: A shop may want no gift without a promotion
    Given gifts come by promotion only
    When the buyer orders, but is refused because gift_not_entitled:
      | goods | gift of line |
      | A     |              |
      | G     | 1            |
    Then order o-1 does not exist

  @D13 @G3.3
  Scenario: A promotion gives so many for so many, by its name or found for what was ordered
    Given gift promotion summer gives 2 G and H for each 2 A
    When the buyer orders, but is refused because gift_not_entitled:
      | goods | quantity | gift of line | gift promotion |
      | A     | 1        |              |                |
      | G     | 1        | 1            | summer         |
    And the buyer orders, but is refused because gift_not_entitled:
      | goods | quantity | gift of line |
      | A     | 3        |              |
      | G     | 2        | 1            |
      | H     | 1        | 1            |
    And the buyer orders, paying 30,000 won by card:
      | goods | quantity | gift of line | gift promotion |
      | A     | 3        |              |                |
      | G     | 1        | 1            | summer         |
      | H     | 1        | 1            |                |
    Then the lines are:
      | line | goods | main line | gift promotion | ordered |
      | 1    | A     |           |                | 3       |
      | 2    | G     | 1         | summer         | 1       |
      | 3    | H     | 1         | summer         | 1       |

  @D13
  Scenario: A promotion that nobody made, that is over, or that is of other goods gives nothing
    Given gift promotion summer gives 1 G for each 1 A
    And gift promotion winter gives 1 H for each 1 A, over
    And gift promotion autumn gives 1 H for each 1 A, not open yet
    When the buyer orders, but is refused because unknown_promotion:
      | goods | gift of line | gift promotion |
      | A     |              |                |
      | G     | 1            | no-such        |
    And the buyer orders, but is refused because unknown_promotion:
      | goods | gift of line | gift promotion |
      | A     |              |                |
      | H     | 1            | winter         |
    And the buyer orders, but is refused because unknown_promotion:
      | goods | gift of line | gift promotion |
      | A     |              |                |
      | H     | 1            | autumn         |
    And the buyer orders, but is refused because invalid:
      | goods | gift promotion |
      | A     | summer         |
    And the buyer orders, but is refused because gift_not_entitled:
      | goods | gift of line | gift promotion |
      | A     |              |                |
      | H     | 1            | summer         |
    And the buyer orders, but is refused because gift_not_entitled:
      | goods | gift of line | gift promotion |
      | B     |              |                |
      | G     | 1            | summer         |
    And the buyer orders, but is refused because gift_not_entitled:
      | goods | gift of line |
      | B     |              |
      | G     | 1            |
    And the buyer orders, but is refused because gift_not_entitled:
      | goods | gift of line |
      | A     |              |
      | H     | 1            |
    Then order o-1 does not exist

  @D13
  Scenario: A gift that has run out takes no goods with it
    When the buyer orders, paying 30,000 won by card:
      | goods | quantity | gift of line |
      | A     | 2        |              |
      | H     | 2        | 1            |
      | B     | 2        |              |
    Then the answer leaves out 1 H of line 2
    And the lines are:
      | line | status  | ordered | cancelled |
      | 1    | ORDERED | 2       | 0         |
      | 2    | ORDERED | 2       | 1         |
      | 3    | ORDERED | 2       | 0         |
    And the card has 30,000 won refundable, nothing planned, nothing excluded and nothing refunded
    When the buyer orders, or what there is, paying 10,000 won by card:
      | goods | quantity | gift of line |
      | A     | 1        |              |
      | H     | 1        | 1            |
    Then the answer leaves out 1 H of line 2
    And line 1 is ORDERED
    And line 2 is OUT_OF_STOCK

  @D13
  Scenario: A promotion may have the order refused when its gift has run out
    Given gift promotion summer gives 1 H for each 1 A, or refuses the order
    When the buyer orders, but is refused because insufficient_stock:
      | goods | quantity | gift of line |
      | A     | 2        |              |
      | H     | 2        | 1            |
    And the buyer orders, or what there is, but is refused because insufficient_stock:
      | goods | quantity | gift of line |
      | A     | 2        |              |
      | H     | 2        | 1            |
    Then A has 6 on hand, 0 held and 0 sold
    And H has 1 on hand, 0 held and 0 sold

  @D13 @S6.3
  Scenario: Gifts follow goods of which there is only a part
    When the buyer orders, or what there is, paying 80,000 won by card:
      | goods | quantity | gift of line |
      | A     | 8        |              |
      | G     | 8        | 1            |
    Then the answer leaves nothing out
    And the lines are:
      | line | status  | ordered | cancelled |
      | 1    | ORDERED | 8       | 2         |
      | 2    | ORDERED | 8       | 2         |
    And the card has 60,000 won refundable, 20,000 won planned, nothing excluded and nothing refunded
    And G has 494 on hand, 0 held and 6 sold

  @D13 @S6.3
  Scenario: Gifts stay on the shelf when their goods are sold out
    Given goods C at 1,000 won, 0 in stock
    When the buyer orders, or what there is:
      | goods | gift of line |
      | C     |              |
      | G     | 1            |
      | B     |              |
    Then G has 500 on hand, 0 held and 0 sold
    When the payment side approves 5,000 won by card
    Then line 2 is OUT_OF_STOCK
    And line 3 is ORDERED
    When the buyer orders, or what there is, but is refused because sold_out:
      | goods | gift of line |
      | C     |              |
      | G     | 1            |
    Then G has 500 on hand, 0 held and 0 sold

  @D13 @W9 @W17
  Scenario: Gifts follow goods that are judged away, and goods that are lost
    Given gift promotion summer gives 1 G for each 2 A
    When the buyer orders, paying 40,000 won by card:
      | goods | quantity | gift of line |
      | A     | 4        |              |
      | G     | 2        | 1            |
    And the seller finds 3 of line 1
    Then the lines are:
      | line | ordered | cancelled |
      | 1    | 4       | 1         |
      | 2    | 2       | 1         |
    When the seller readies the order for shipping
    And the seller loses 1 of line 1
    Then the lines are:
      | line | ordered | cancelled |
      | 1    | 4       | 2         |
      | 2    | 2       | 1         |
    When the seller loses 1 of line 1
    Then the lines are:
      | line | status           | ordered | cancelled |
      | 1    | PROCUREMENT_DONE | 4       | 3         |
      | 2    | OUT_OF_STOCK     | 2       | 2         |
    And G has 500 on hand, 0 held and 2 sold

  @D13
  Scenario: An order keeps what its gifts were promised by
    Given gift promotion summer gives 1 G for each 1 A
    When the buyer orders, paying 20,000 won by card:
      | goods | quantity | gift of line |
      | A     | 2        |              |
      | G     | 2        | 1            |
    And the operator changes gift promotion summer to 1 for each 2
    And the buyer orders, but is refused because gift_not_entitled:
      | goods | quantity | gift of line |
      | A     | 2        |              |
      | G     | 2        | 1            |
    And the seller finds 1 of line 1 of order o-1
    Then the lines of order o-1 are:
      | line | ordered | cancelled |
      | 1    | 2       | 1         |
      | 2    | 2       | 1         |

  @D13 @S6.2
  Scenario: A gift that runs out before payment is cut alone, where stock is judged at payment
    Given stock is judged when an order is paid
    And gift promotion summer gives 1 H for each 1 A, or refuses the order
    When the buyer orders:
      | goods | gift of line |
      | A     |              |
      | H     | 1            |
    And the warehouse writes off 1 H
    Then the answer leaves nothing out
    When the payment side approves 10,000 won by card
    Then the answer leaves out 1 H of line 2
    And line 1 is ORDERED
    And line 2 is OUT_OF_STOCK
    And the card has 10,000 won refundable, nothing planned, nothing excluded and nothing refunded

  @D13 @S6.3
  Scenario: Over three lanes: a gift that ran out, and gifts of goods that are cut
    Given there are three lanes
    And the goods:
      | goods | price  | gift | stock | lane |
      | X     | 10,000 | no   | 9     | 1    |
      | Y     | 10,000 | no   | 3     | 0    |
      | V     |        | yes  | 1     | 2    |
      | W     |        | yes  | 9     | 1    |
    And gift promotion far gives 2 V and W for each 1 Y
    When the buyer orders, or what there is, paying 60,000 won by card:
      | goods | quantity | gift of line |
      | X     | 1        |              |
      | Y     | 5        |              |
      | V     | 2        | 2            |
      | W     | 8        | 2            |
    Then the answer leaves out 1 V of line 3
    And the lines are:
      | line | ordered | cancelled |
      | 1    | 1       | 0         |
      | 2    | 5       | 2         |
      | 3    | 2       | 1         |
      | 4    | 8       | 3         |
    And Y has 0 on hand, 0 held and 3 sold

  @D13
  Scenario: What makes no sense is no gift promotion
    When the operator makes gift promotion p of 0 G for each 1 A, but is refused because invalid
    And the operator makes gift promotion p of 1 G for each 0 A, but is refused because invalid
    And the operator makes gift promotion p of 1 G for each 1 Z, but is refused because unknown_product
    And the operator makes gift promotion p of 1 Z for each 1 A, but is refused because unknown_sku
    And the operator makes gift promotion p of 1 B for each 1 A, but is refused because invalid
    And the operator makes gift promotion p of 1 G for each 1 G, but is refused because invalid
    And the operator makes gift promotion p of 1 G and G for each 1 A, but is refused because invalid
    And the buyer makes gift promotion p of 1 G for each 1 A, but is refused because forbidden
    And the operator changes gift promotion p to 1 for each 1, but is refused because unknown_promotion
    And the operator makes gift promotion p of 1 G for each 1 A
    And the operator makes gift promotion p of 1 G for each 1 A, but is refused because already_exists
    And the operator changes gift promotion p to 0 for each 1, but is refused because invalid
    Then order o-1 does not exist
