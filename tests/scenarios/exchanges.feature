Feature: Exchanges
  Rejected; collected and refunded like a return; or another product is added to the order.

  Background:
    Given the goods:
      | goods | price  | shipping | stock |
      | A     | 10,000 | 3,000    | 10    |
      | B     | 10,000 |          | 10    |
      | C     | 10,000 |          | 10    |
      | D     | 10,000 |          | 10    |
      | dear  | 12,000 |          | 10    |
      | none  | 10,000 |          | 0     |
    And the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping

  @W23 @G4.exchange
  Scenario: A rejected exchange leaves everything as it was
    Given the seller ships 2 of line 1 by waybill 100
    And the carrier delivers the order
    When the buyer asks to exchange 2 of line 1 because of a defect
    Then line 1 is EXCHANGING
    And the order is EXCHANGING
    When the seller rejects exchange 1
    Then line 1 is SHIPPED and DELIVERED
    And the lines are:
      | exchange accepted | exchanged |
      | 0                 | 0         |
    And the exchanges are:
      | group | state    |
      | 1     | REJECTED |
    And the card has 23,000 won refundable, nothing planned, nothing excluded and nothing refunded
    When the seller approves exchange 1 by pickup, but is refused because illegal_transition
    And the seller rejects exchange 1, but is refused because illegal_transition
    And the seller rejects exchange 2, but is refused because unknown_claim
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED

  @W23 @WX
  Scenario: An exchange is asked for from procurement on
    Given the buyer orders 1 A, paying 13,000 won by card
    When the buyer asks to exchange 1 of line 1 because of a defect, but is refused because illegal_transition
    And the seller prepares the order
    And the buyer asks to exchange 1 of line 1 because of a defect, but is refused because illegal_transition
    Then the refusal names status PREPARING
    When the seller uses own stock for line 1
    And the buyer asks to exchange 1 of line 1 because of a defect, but is refused because illegal_transition
    And the seller completes procurement
    And the buyer asks to exchange 1 of line 1 because of a defect
    Then line 1 is EXCHANGING
    When the seller rejects exchange 1
    Then line 1 is PROCUREMENT_DONE

  @W23 @G4.exchange
  Scenario: Goods come back and another product goes out, and nothing is refunded
    Given the seller ships 2 of line 1 by waybill 100
    And the carrier delivers the order
    When the buyer asks to exchange 1 of line 1 for B because of a change of mind
    And the seller approves exchange 1 by adding a product
    Then the lines are:
      | line | goods | status    | ordered | exchanged | original line | paid       |
      | 1    | A     | SHIPPED   | 2       | 1         |               | 10,000 won |
      | 2    | B     | PREPARING | 1       | 0         | 1             | 10,000 won |
    And the order is EXCHANGING
    And the card has 23,000 won refundable, nothing planned, nothing excluded and nothing refunded
    And B has 9 on hand, 0 held and 1 sold
    And the exchanges are:
      | group | line | quantity | state    | resolution      | new line | moved      |
      | 1     | 1    | 1        | APPROVED | ADD_PRODUCT | 2        | 10,000 won |
    When the seller procures the order from own stock
    And the seller ships 1 of line 2 by waybill 200
    And the carrier delivers line 2
    Then the exchanges are:
      | group | state    |
      | 1     | APPROVED |
    When the buyer confirms the purchase of line 2
    Then the exchanges are:
      | group | state     |
      | 1     | COMPLETED |
    And line 1 is SHIPPED
    When the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED

  @G4.exchange @W23
  Scenario: All of a line exchanged is EXCHANGED once the new line is confirmed
    Given the seller ships 2 of line 1 by waybill 100
    And the carrier delivers the order
    When the buyer asks to exchange 2 of line 1 because of a defect
    And the seller approves exchange 1 by adding B
    Then line 1 is EXCHANGING
    When the seller procures the order from own stock
    And the seller ships 2 of line 2 by waybill 200
    And the carrier delivers line 2
    And the buyer confirms the purchase of line 2
    Then line 1 is EXCHANGED
    And line 2 is PURCHASE_CONFIRMED
    And the order is PURCHASE_CONFIRMED

  @G4.exchange @Q2 @S6.1
  Scenario: An exchange by pickup is collected and refunded like a return
    Given the seller ships 2 of line 1 by waybill 100
    And the carrier delivers the order
    When the buyer asks to exchange 1 of line 1 because of a change of mind
    And the seller approves exchange 1 by pickup
    Then the returns are:
      | group | line | quantity | state    | exchange | withheld  |
      | 2     | 1    | 1        | APPROVED | 1        | 3,000 won |
    And the card has 13,000 won refundable, 7,000 won planned, 3,000 won excluded and nothing refunded
    And the orders are:
      | order | status     |
      | o-1   | EXCHANGING |
    When the buyer withdraws return 2, but is refused because illegal_transition
    And the seller collects return 2
    And the seller completes return 2
    And the payment side confirms refund 1
    Then the card has 13,000 won refundable, nothing planned, 3,000 won excluded and 7,000 won refunded
    And the exchanges are:
      | group | state     | resolution |
      | 1     | COMPLETED | PICKUP |
    And the lines are:
      | line | status  | returned | exchanged |
      | 1    | SHIPPED | 1        | 0         |
    And A has 9 on hand, 0 held and 2 sold

  @G4.exchange
  Scenario: All of a line exchanged by pickup ends as returned
    Given the seller ships 2 of line 1 by waybill 100
    When the buyer asks to exchange 2 of line 1 because of a defect
    And the seller approves exchange 1 by pickup
    And the seller collects return 2
    And the seller completes return 2
    Then line 1 is RETURNED
    And the order is RETURNED
    And the card has nothing refundable, 23,000 won planned, nothing excluded and nothing refunded

  @G4.exchange
  Scenario: Unequal prices are refused
    When the buyer asks to exchange 1 of line 1 for dear because of a change of mind
    And the seller approves exchange 1 by adding a product, but is refused because price_mismatch
    Then the refusal names due 10000
    And the refusal names amount 12000
    When the seller approves exchange 1 by adding nothing-such, but is refused because unknown_sku
    And the seller approves exchange 1 by adding B
    Then line 2 is PREPARING

  @G4.exchange @G5.8
  Scenario: No stock for the new product is no exchange, and the order stays as it was
    Given the seller ships 2 of line 1 by waybill 100
    When the buyer asks to exchange 1 of line 1 for none because of a change of mind
    And the seller approves exchange 1 by adding a product, but is refused because insufficient_stock
    Then the refusal names available 0
    And the exchanges are:
      | group | state     | new line |
      | 1     | REQUESTED |          |
    And there are no returns
    And the card has 23,000 won refundable, nothing planned, nothing excluded and nothing refunded
    When the seller approves exchange 1 by adding B
    Then the exchanges are:
      | group | state    | new line |
      | 1     | APPROVED | 2        |

  @G4.exchange @W17
  Scenario: The new product is lost before it ships: the original is refunded
    Given the seller ships 2 of line 1 by waybill 100
    When the buyer asks to exchange 2 of line 1 for B because of a defect
    And the seller approves exchange 1 by adding a product
    And the seller loses 1 of line 2
    Then the exchanges are:
      | group | state  |
      | 1     | FAILED |
    And line 2 is OUT_OF_STOCK
    And B has 9 on hand, 0 held and 2 sold
    And the card has nothing refundable, 23,000 won planned, nothing excluded and nothing refunded
    When the seller collects return 2
    And the seller completes return 2
    Then line 1 is RETURNED

  @G4.exchange @S6.1
  Scenario: Goods that had not left go back on the shelf when they are exchanged
    When the buyer asks to exchange 2 of line 1 for B because of a change of mind
    And the seller approves exchange 1 by adding a product
    Then A has 10 on hand, 0 held and 2 sold
    And B has 8 on hand, 0 held and 2 sold
    And the order is EXCHANGING

  @G4.exchange @G4.refund
  Scenario: A to B to C to D, and returning D refunds once
    Given the seller ships 2 of line 1 by waybill 100
    And the carrier delivers the order
    When the buyer asks to exchange 2 of line 1 for B because of a defect
    And the seller approves exchange 1 by adding a product
    And the seller procures the order from own stock
    And the seller ships 2 of line 2 by waybill 200
    And the carrier delivers line 2
    And the buyer asks to exchange 2 of line 2 for C because of a defect
    And the seller approves exchange 2 by adding a product
    And the seller procures the order from own stock
    And the seller ships 2 of line 3 by waybill 300
    And the carrier delivers line 3
    And the buyer asks to exchange 2 of line 3 for D because of a defect
    And the seller approves exchange 3 by adding a product
    And the seller procures the order from own stock
    And the seller ships 2 of line 4 by waybill 400
    And the carrier delivers line 4
    Then the lines are:
      | line | goods | original line | paid       | exchanged |
      | 1    | A     |               | 0          | 2         |
      | 2    | B     | 1             | 0          | 2         |
      | 3    | C     | 1             | 0          | 2         |
      | 4    | D     | 1             | 20,000 won | 0         |
    When the buyer asks to return 2 of line 4 because of a defect
    And the seller approves return 4
    And the seller collects return 4
    And the seller completes return 4
    Then the refunds are:
      | refund | state   | planned    | return |
      | 1      | PLANNED | 23,000 won | 4      |
    When the payment side confirms refund 1
    Then the card has nothing refundable, nothing planned, nothing excluded and 23,000 won refunded
    And lines 1, 2 and 3 are EXCHANGED
    And line 4 is RETURNED
    And the exchanges are:
      | group | state     |
      | 1     | COMPLETED |
      | 2     | COMPLETED |
      | 3     | COMPLETED |

  @G4.exchange @W23
  Scenario: A gift is not exchanged
    Given the goods:
      | goods | price | gift |
      | G     | 1,000 | yes  |
    And the buyer orders, paying 10,000 won by card:
      | goods | gift of line |
      | B     |              |
      | G     | 1            |
    And the seller readies the order for shipping
    When the buyer asks to exchange 1 of line 2 because of a defect, but is refused because invalid
    And the buyer asks to exchange 1 of line 1 for G because of a defect
    And the seller approves exchange 1 by adding a product, but is refused because invalid
    Then line 1 is EXCHANGING

  @G4.exchange @G3.12
  Scenario: The new line takes over what the old one was paid, discount and all
    Given promotion P takes 10% off
    And the buyer orders, paying 30,000 won by card:
      | goods | quantity | promotion |
      | A     | 3        | P         |
    And the seller readies the order for shipping
    When the buyer asks to exchange 1 of line 1 for B because of a defect
    And the seller approves exchange 1 by adding a product
    Then the lines are:
      | line | paid   | ordered | exchanged |
      | 1    | 18,000 | 3       | 1         |
      | 2    | 9,000  | 1       | 0         |
    And the orders are:
      | order | goods  | discount | total  |
      | o-1   | 20,000 | 0        | 23,000 |
      | o-2   | 30,000 | 3,000    | 30,000 |
    When the buyer asks to return 1 of line 2 because of a defect
    And the seller approves return 2
    Then the card of order o-2 has 21,000 won refundable, 9,000 won planned, nothing excluded and nothing refunded
    And line 2 is RETURNED

  @G4.exchange @W21
  Scenario: A purchase is not confirmed while an exchange of it is undecided
    Given the seller ships 2 of line 1 by waybill 100
    And the carrier delivers the order
    And the buyer asks to exchange 1 of line 1 because of a defect
    When the buyer confirms the purchase, but is refused because illegal_transition
    And the seller approves exchange 1 by adding a product
    And the buyer confirms the purchase of line 1
    Then the order is EXCHANGING
    When the seller procures the order from own stock
    And the seller ships 1 of line 2 by waybill 200
    And the carrier delivers the order
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED
