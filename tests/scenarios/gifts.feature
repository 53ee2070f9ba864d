Feature: Gifts
  A gift costs nothing, counts in stock, and follows its main line; a merchandiser may add one after a complaint.

  Background:
    Given the goods:
      | goods | price  | shipping | gift | stock |
      | A     | 10,000 | 3,000    | no   | 10    |
      | C     | 5,000  |          | no   | 10    |
      | G     | 2,000  |          | yes  | 10    |

  @G3.1 @Q4 @G3.2
  Scenario: The flags of main lines, plain lines and gifts
    Given gift promotion summer gives 2 G for each 1 A
    When the buyer orders, paying 18,000 won by card:
      | goods | quantity | gift of line | gift promotion |
      | A     | 1        |              |                |
      | G     | 2        | 1            | summer         |
      | C     | 1        |              |                |
    Then the lines are:
      | line | goods | main | gift included | gift | main line | gift promotion | price  | total  | paid   |
      | 1    | A     | yes  | yes           | no   |           |                | 10,000 | 10,000 | 10,000 |
      | 2    | G     | no   | no            | yes  | 1         | summer         | 0      | 0      | 0      |
      | 3    | C     | yes  | no            | no   |           |                | 5,000  | 5,000  | 5,000  |
    And G has 8 on hand, 0 held and 2 sold

  @G3.1
  Scenario: A flag that the client gives is kept as given
    When the buyer orders, paying 13,000 won by card:
      | goods | gift of line | gift included |
      | A     |              | yes           |
      | G     | 1            | yes           |
    Then the lines are:
      | line | main | gift included | gift | main line |
      | 1    | yes  | yes           | no   |           |
      | 2    | no   | yes           | yes  | 1         |

  @Q4 @G3.2
  Scenario: The service judges what is a gift, not the client
    When the buyer orders, but is refused because invalid:
      | goods | gift of line |
      | A     |              |
      | C     | 1            |
    And the buyer orders, but is refused because price_mismatch:
      | goods | gift of line | shown price |
      | A     |              |             |
      | G     | 1            | 2,000       |
    And the buyer orders 1 G, but is refused because invalid
    And the buyer orders 1 A and 1 G, but is refused because invalid
    Then order o-1 does not exist

  @G3.2 @W6
  Scenario: A gift follows its main line when that is cancelled
    Given gift promotion summer gives 2 G for each 1 A
    When the buyer orders, paying 18,000 won by card:
      | goods | quantity | gift of line |
      | A     | 1        |              |
      | G     | 2        | 1            |
      | C     | 1        |              |
    And the buyer cancels line 1
    Then lines 1 and 2 are CANCELLED
    And line 3 is ORDERED
    And G has 10 on hand, 0 held and 2 sold
    And the card has 5,000 won refundable, 13,000 won planned, nothing excluded and nothing refunded

  @G3.2 @W9
  Scenario: A gift follows its main line when that is out of stock, and stays when part is there
    When the buyer orders, paying 23,000 won by card:
      | goods | quantity | gift of line |
      | A     | 2        |              |
      | G     | 1        | 1            |
    And the seller finds 1 of line 1
    Then line 2 is ORDERED
    When the seller finds 0 of line 1
    Then lines 1 and 2 are OUT_OF_STOCK
    And G has 10 on hand, 0 held and 1 sold
    And the order is OUT_OF_STOCK

  @Q9 @G3.2 @G4.return
  Scenario: Gifts are returned and collected with their main line
    Given the buyer orders, paying 13,000 won by card:
      | goods | gift of line |
      | A     |              |
      | G     | 1            |
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 and 1 of line 2 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 1 of line 1 because of a defect
    And the seller approves return 1
    Then the returns are:
      | line | quantity | amount | to collect |
      | 1    | 1        | 10,000 | yes        |
      | 2    | 1        | 0      | yes        |
    When the seller collects 1 of line 1 for return 1
    And the seller completes return 1, but is refused because illegal_transition
    And the seller collects 1 of line 2 for return 1
    And the seller completes return 1
    Then lines 1 and 2 are RETURNED
    And G has 10 on hand, 0 held and 1 sold

  @Q9 @G3.2 @G4.return
  Scenario: A return may waive collecting the gifts, but the buyer may not say so
    Given the buyer orders, paying 13,000 won by card:
      | goods | gift of line |
      | A     |              |
      | G     | 1            |
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 and 1 of line 2 by waybill 100
    And the carrier delivers the order
    When the buyer asks to return 1 of line 1 because of a defect, leaving the gifts, but is refused because forbidden
    And the seller asks to return 1 of line 1 because of a defect, leaving the gifts
    And the seller approves return 1
    Then the returns are:
      | line | to collect |
      | 1    | yes        |
      | 2    | no         |
    And the audit entries are:
      | kind         | actor      |
      | GIFTS_WAIVED | seller:p-1 |
    When the seller collects return 1
    And the seller completes return 1
    Then lines 1 and 2 are RETURNED
    And A has 10 on hand, 0 held and 1 sold
    And G has 9 on hand, 0 held and 1 sold

  @G3.2 @W22
  Scenario: A gift stays when only a part of its main line goes back
    Given the buyer orders, paying 23,000 won by card:
      | goods | quantity | gift of line |
      | A     | 2        |              |
      | G     | 1        | 1            |
    And the seller readies the order for shipping
    When the buyer asks to return 1 of line 1 because of a change of mind
    Then the returns are:
      | line | quantity |
      | 1    | 1        |
    When the buyer asks to return 1 of line 1 because of a change of mind
    Then the returns are:
      | group | line | quantity |
      | 1     | 1    | 1        |
      | 2     | 1    | 1        |
      | 2     | 2    | 1        |

  @G3.3 @Q6 @Q5
  Scenario: A merchandiser adds a gift after a complaint
    Given the buyer orders 1 A, paying 13,000 won by card
    And the seller readies the order for shipping
    And the seller ships 1 of line 1 by waybill 100
    When the merchandiser adds 2 G as a gift to line 1 because of complaint
    Then the lines are:
      | line | goods | status    | ordered | price  | total  | gift | main line | gift promotion | gift reason |
      | 1    | A     | SHIPPED   | 1       | 10,000 | 10,000 | no   |           |                |             |
      | 2    | G     | PREPARING | 2       | 0      | 0      | yes  | 1         |                | COMPLAINT   |
    And G has 8 on hand, 0 held and 2 sold
    And the audit entries are:
      | kind       | actor       | reason    |
      | GIFT_ADDED | seller:md-1 | COMPLAINT |
    And the card has 13,000 won refundable, nothing planned, nothing excluded and nothing refunded
    When the seller procures the order from own stock
    And the seller ships 2 of line 2 by waybill 200
    And the carrier delivers the order
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED

  @Q5 @G3.3
  Scenario: Each reason for a gift, and who may give one
    Given the buyer orders 1 A, paying 13,000 won by card
    When the merchandiser adds 1 G as a gift to line 1 because of delay
    And the merchandiser adds 1 G as a gift to line 1 because of damage
    And the operator adds 1 G as a gift to line 1 because of goodwill
    And the buyer adds 1 G as a gift to line 1 because of goodwill, but is refused because forbidden
    And the merchandiser adds 1 C as a gift to line 1 because of delay, but is refused because invalid
    And the merchandiser adds 1 G as a gift to line 2 because of delay, but is refused because invalid
    And the merchandiser adds 9 G as a gift to line 1 because of delay, but is refused because insufficient_stock
    Then the lines are:
      | line | status  | gift reason |
      | 1    | ORDERED |             |
      | 2    | ORDERED | DELAY       |
      | 3    | ORDERED | DAMAGE      |
      | 4    | ORDERED | GOODWILL    |
    When the buyer cancels line 1
    Then the order is CANCELLED
    And G has 10 on hand, 0 held and 3 sold

  @Q6 @G3.3 @WX
  Scenario: Gifts are added to open orders only
    When the buyer orders 1 A
    And the merchandiser adds 1 G as a gift to line 1 because of delay, but is refused because illegal_transition
    And the buyer gives up paying
    And the merchandiser adds 1 G as a gift to line 1 because of delay, but is refused because illegal_transition
    Then G has 10 on hand, 0 held and 0 sold

  @Q6 @G3.2 @G3.3
  Scenario: A gift that was added by hand follows its main line back
    Given the buyer orders 1 A, paying 13,000 won by card
    And the seller prepares the order
    And the merchandiser adds 1 G as a gift to line 1 because of delay
    When the buyer asks to return 1 of line 1 because of a change of mind
    And the seller approves return 1
    Then lines 1 and 2 are RETURNED
    And the order is RETURNED
    And G has 10 on hand, 0 held and 1 sold
