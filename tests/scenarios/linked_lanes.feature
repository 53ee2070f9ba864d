Feature: Linked orders over lanes
  Orders that are linked live where their goods live; what one tells another travels between the lanes.

  Background:
    Given there are three lanes
    And partner p-1 is a retailer
    And partner r-1 is a retailer
    And partner w-1 is a wholesaler
    And the goods:
      | goods  | price   | partner | holder | stock | lane |
      | aircon | 900,000 | p-1     |        | 5     | 0    |
      | air-r  | 800,000 | p-1     | r-1    | 5     | 1    |
      | air-w  | 600,000 | p-1     | w-1    | 5     | 2    |
    And the buyer orders 2 aircon, paying 1,800,000 won by card
    And the seller prepares the order
    And the seller buys line 1 from partner r-1 as air-r
    And partner r-1 prepares order o-1::1
    And partner r-1 buys line 1 of order o-1::1 from partner w-1 as air-w

  @WL @W15
  Scenario: Over three lanes: done from the far end to the near
    When partner w-1 readies order o-1::1::1 for shipping
    Then order o-1::1::1 is PROCUREMENT_DONE
    And order o-1::1 is PROCUREMENT_DONE
    And order o-1 is PROCUREMENT_DONE

  @WL @W16
  Scenario: Over three lanes: a wholesaler that is out of stock is heard by the consumer
    When partner w-1 finds 0 of line 1 of order o-1::1::1
    Then order o-1::1::1 is OUT_OF_STOCK
    And order o-1::1 is OUT_OF_STOCK
    And order o-1 is OUT_OF_STOCK
    And the card has nothing refundable, 1,800,000 won planned, nothing excluded and nothing refunded

  @WL @W22
  Scenario: Over three lanes: a parent's return cancels its children
    When the buyer asks to return 2 of line 1 because of a change of mind
    And the seller approves return 1
    Then order o-1 is RETURNED
    And order o-1::1 is RETURNED
    And order o-1::1::1 is CANCELLED
    And aircon has 5 on hand, 0 held and 2 sold
    And air-r has 5 on hand, 0 held and 2 sold
    And air-w has 5 on hand, 0 held and 2 sold

  @W23 @G4.exchange @S6.3
  Scenario: Over three lanes: an exchange for goods of another lane
    Given the goods:
      | goods | price   | stock | lane |
      | black | 900,000 | 2     | 1    |
    When the buyer orders 1 aircon, paying 900,000 won by card
    And the seller readies the order for shipping
    And the buyer asks to exchange 1 of line 1 for black because of a change of mind
    And the seller approves exchange 1 by adding a product
    Then the lines are:
      | line | goods  | status     | original line |
      | 1    | aircon | EXCHANGING |               |
      | 2    | black  | PREPARING  | 1             |
    And black has 1 on hand, 0 held and 1 sold
    And aircon has 3 on hand, 0 held and 3 sold

  @WL @W10
  Scenario: Over three lanes: a partner that has not enough is no purchase, and the order stays as it was
    Given partner w-2 is a wholesaler
    And the goods:
      | goods | price   | partner | holder | stock | lane |
      | few   | 600,000 | p-1     | w-2    | 1     | 1    |
    When the buyer orders 2 aircon, paying 1,800,000 won by card
    And the seller prepares the order
    And the seller buys line 1 from partner w-2 as few, but is refused because insufficient_stock
    Then the order is PREPARING
    And there are no linked orders
    And few has 1 on hand, 0 held and 0 sold

  @W23 @G4.exchange
  Scenario: Over three lanes: an exchange for goods that another lane has not is no exchange
    Given the goods:
      | goods | price   | stock | lane |
      | black | 900,000 | 1     | 1    |
    When the buyer orders 2 aircon, paying 1,800,000 won by card
    And the seller readies the order for shipping
    And the buyer asks to exchange 2 of line 1 for black because of a change of mind
    And the seller approves exchange 1 by adding a product, but is refused because insufficient_stock
    Then the exchanges are:
      | group | state     |
      | 1     | REQUESTED |
    And black has 1 on hand, 0 held and 0 sold
    And aircon has 1 on hand, 0 held and 4 sold
