Feature: Stock and sales
  What came is on hand, held or sold; nothing is sold twice, and a unit that is free is sold to the next in line.

  @S6.1
  Scenario: The last unit is sold once it is free
    Given goods A at 1,000 won, 1 in stock
    When the buyer orders 1 A
    And another buyer orders 1 A, but is refused because sold_out
    And the buyer gives up paying
    And another buyer orders 1 A, paying 1,000 won by card
    Then A has 0 on hand, 0 held and 1 sold
    When the buyer orders 1 A, but is refused because sold_out
    Then the refusal names available 0

  @S6.1 @S6.5 @W1
  Scenario: Every movement is written down with its cause
    Given goods A at 1,000 won, 5 in stock
    When the buyer orders 2 A
    And the payment side approves 2,000 won by card
    And the buyer cancels line 1
    And the warehouse writes off 1 A
    And the warehouse corrects A by +3
    And the warehouse corrects A by +0, but is refused because invalid
    And the warehouse receives 1 Z, but is refused because unknown_sku
    And the warehouse writes off 9 A, but is refused because insufficient_stock
    Then the movements of A are:
      | movement | quantity | order | line | reason    |
      | RECEIVE  | 5        |       |      |           |
      | HOLD     | 2        | o-1   | 1    |           |
      | DEDUCT   | 2        | o-1   | 1    |           |
      | RESTOCK  | 2        | o-1   | 1    | cancelled |
      | SHRINK   | 1        |       |      | broken    |
      | ADJUST   | 3        |       |      | counted   |
    And A has 7 on hand, 0 held and 2 sold
    And 2 of A came back, and 0 are sold net
    When the buyer orders 3 A, paying 3,000 won by card
    Then A has 4 on hand, 0 held and 5 sold
    And 2 of A came back, and 3 are sold net

  @S6.5 @S6.1
  Scenario: Units that another system books in are kept, noticed and sold
    Given goods A at 1,000 won, 1 in stock
    When the buyer orders 1 A, paying 1,000 won by card
    And another system books 4 A into the warehouse
    And the server starts over
    And the buyer orders 4 A, paying 4,000 won by card
    Then A has 0 on hand, 0 held and 5 sold

  @S6.3
  Scenario: Several lines are placed all or none
    Given goods A at 1,000 won, 5 in stock
    And goods B at 2,000 won, 1 in stock
    When the buyer orders 2 A and 2 B, but is refused because insufficient_stock
    Then the refusal names line_no 2
    And the refusal names available 1
    And order o-1 does not exist
    And A has 5 on hand, 0 held and 0 sold

  @S6.3 @W9
  Scenario: An order that allows part takes what there is, and the shortage is refunded
    Given goods A at 1,000 won, 5 in stock
    And goods B at 2,000 won, 1 in stock
    When the buyer orders 2 A and 3 B, or what there is, paying 8,000 won by card
    Then the order is ORDERED
    And the lines are:
      | line | ordered | cancelled | taken |
      | 1    | 2       | 0         | 2     |
      | 2    | 3       | 2         | 1     |
    And the card has 4,000 won refundable, 4,000 won planned, nothing excluded and nothing refunded
    And B has 0 on hand, 0 held and 1 sold
    When the buyer orders 1 B, or what there is, but is refused because sold_out
    Then B has 0 on hand, 0 held and 1 sold

  @S6.3 @W2
  Scenario: What is short at placement is not owed
    Given goods A at 1,000 won, 5 in stock
    And goods B at 2,000 won with 500 won of shipping, 1 in stock
    When the buyer orders 2 A and 3 B, or what there is
    Then A has 3 on hand, 2 held and 0 sold
    And B has 0 on hand, 1 held and 0 sold
    When the payment side approves 8,500 won by card, that nobody vouches for, but is refused because amount_mismatch
    And the payment side approves 4,500 won by card
    Then the order is ORDERED
    And the card has 4,500 won refundable, nothing planned, nothing excluded and nothing refunded

  @S6.2 @W9
  Scenario: Stock judged at payment: an order that brings its money gets what is there
    Given goods A at 1,000 won with 300 won of shipping, 1 in stock
    And sale rush of 100 A at 1,000 won, judged at payment
    When the buyer orders 1 A and 1 A, paying 2,300 won by card
    Then line 1 is ORDERED
    And line 2 is OUT_OF_STOCK
    And the card has 1,300 won refundable, 1,000 won planned, nothing excluded and nothing refunded

  @S6.2 @W8 @W9 @G4.cancel
  Scenario: Stock judged at payment gives all, some or none
    Given goods A at 1,000 won with 500 won of shipping, 3 in stock
    And sale rush of 100 A at 1,000 won, judged at payment
    When the buyer orders 2 A as order all
    And the buyer orders 2 A as order some
    And the buyer orders 2 A as order none
    Then A has 3 on hand, 0 held and 0 sold
    When the payment side approves 2,500 won by card for order all
    And the payment side approves 2,500 won by card for order some
    And the payment side approves 2,500 won by card for order none
    Then order all is ORDERED
    And order some is ORDERED
    And order none is OUT_OF_STOCK
    And the card of order all has 2,500 won refundable, nothing planned, nothing excluded and nothing refunded
    And the card of order some has 1,500 won refundable, 1,000 won planned, nothing excluded and nothing refunded
    And the card of order none has nothing refundable, 2,500 won planned, nothing excluded and nothing refunded
    And the cancellations of order some are:
      | group | line | quantity | amount    | reason       |
      | 1     | 1    | 1        | 1,000 won | OUT_OF_STOCK |
    And A has 0 on hand, 0 held and 3 sold

  @S6.2
  Scenario: A business may judge all its stock at payment
    Given stock is judged when an order is paid
    And goods A at 1,000 won, 1 in stock
    When the buyer orders 1 A as order first
    And another buyer orders 1 A as order second
    Then A has 1 on hand, 0 held and 0 sold
    When the payment side approves 1,000 won by card for order second
    And the payment side approves 1,000 won by card for order first
    Then order second is ORDERED
    And order first is OUT_OF_STOCK
    And the card of order first has nothing refundable, 1,000 won planned, nothing excluded and nothing refunded

  @W8 @G4.cancel
  Scenario: None of it there is out of stock, and refunded with its shipping
    Given goods A at 10,000 won with 3,000 won of shipping, 5 in stock
    When the buyer orders 2 A, paying 23,000 won by card
    And the seller finds 0 of line 1
    Then the order is OUT_OF_STOCK
    And the card has nothing refundable, 23,000 won planned, nothing excluded and nothing refunded
    And the cancellations are:
      | group | line | quantity | amount     | reason       |
      | 1     | 1    | 2        | 20,000 won | OUT_OF_STOCK |
    And A has 3 on hand, 0 held and 2 sold
    When the seller prepares the order, but is refused because illegal_transition
    Then the refusal names status OUT_OF_STOCK

  @W9 @G4.cancel @G5.1
  Scenario: Some of it there stays ordered, and each shortage is a cancel group of its own
    Given goods A at 10,000 won with 3,000 won of shipping, 9 in stock
    And goods B at 1,000 won, 9 in stock
    When the buyer orders 4 A and 3 B, paying 46,000 won by card
    And the seller finds 3 of line 1
    And the seller finds 2 of line 2
    Then the order is ORDERED
    And the lines are:
      | line | status  | ordered | cancelled |
      | 1    | ORDERED | 4       | 1         |
      | 2    | ORDERED | 3       | 1         |
    And the cancellations are:
      | group | line | quantity | amount     |
      | 1     | 1    | 1        | 10,000 won |
      | 2     | 2    | 1        | 1,000 won  |
    And the card has 35,000 won refundable, 11,000 won planned, nothing excluded and nothing refunded
    When the seller finds 1 of line 9, but is refused because unknown_line
    And the seller finds all goods of the order
    And the seller prepares the order
    Then the order is PREPARING

  @S6.6 @W1
  Scenario: A sale sells in its window only, at its price
    Given goods A at 10,000 won, 5 in stock
    And goods B at 10,000 won, 5 in stock
    And goods D at 10,000 won, 5 in stock
    And sale now of 5 A at 7,000 won
    And sale soon of 5 B at 7,000 won, not open yet
    And sale past of 5 D at 7,000 won, over
    And goods E at 10,000 won, 5 in stock
    And sale gone of 5 E at 7,000 won, over
    And sale back of 5 E at 9,000 won
    When the buyer orders 1 A, paying 7,000 won by card
    And the buyer orders 1 B, but is refused because sale_not_open
    And the buyer orders 1 D, but is refused because sale_closed
    Then the lines are:
      | price     | total     |
      | 7,000 won | 7,000 won |
    When the buyer orders, but is refused because sale_closed:
      | goods | sale |
      | E     | gone |
    And the buyer orders, but is refused because unknown_campaign:
      | goods | sale |
      | E     | past |
    And the buyer orders, but is refused because price_mismatch:
      | goods | shown price |
      | E     | 10,000      |
    And the buyer orders 1 E, paying 9,000 won by card
    Then the order is ORDERED

  @S6.6
  Scenario: A sale is paused and resumed, and ends with its allotment before the stock
    Given goods A at 10,000 won, 9 in stock
    And sale flash of 3 A at 7,000 won
    When the operator pauses sale flash of A
    And the buyer orders 1 A, but is refused because sale_paused
    And the operator pauses sale spring of A, but is refused because unknown_campaign
    And the operator resumes sale flash of A
    And the buyer orders 4 A, but is refused because insufficient_stock
    And the buyer orders 2 A
    And another buyer orders 2 A, but is refused because insufficient_stock
    And the buyer gives up paying
    And the buyer orders 3 A, paying 21,000 won by card
    And another buyer orders 1 A, but is refused because sold_out
    Then A has 6 on hand, 0 held and 3 sold

  @S6.6 @W1
  Scenario: A purchase limit counts per customer and comes back with a cancellation
    Given goods A at 10,000 won, 9 in stock
    And sale flash of 9 A at 7,000 won, 2 a customer
    When the buyer orders 2 A, paying 14,000 won by card
    And the buyer orders 1 A, but is refused because limit_exceeded
    Then the refusal names customer_remaining 0
    When another buyer orders 1 A and 2 A, but is refused because limit_exceeded
    And another buyer orders 1 A and 1 A, paying 14,000 won by card
    And the server starts over
    And the buyer cancels line 1 of order o-1
    And the buyer orders 1 A, paying 7,000 won by card
    Then the order is ORDERED

  @G3.11 @G3.8
  Scenario: Several lines carry the same goods, and their numbers tell them apart
    Given goods A at 1,000 won, 5 in stock
    When the buyer orders 3 A and 3 A, but is refused because insufficient_stock
    And the buyer orders 2 A, 1 A and 2 A, paying 5,000 won by card
    And the buyer orders 1 A, but is refused because sold_out
    And the buyer cancels line 2
    And the seller finds 1 of line 3
    Then the lines are:
      | line | goods | status    | ordered | cancelled |
      | 1    | A     | ORDERED   | 2       | 0         |
      | 2    | A     | CANCELLED | 1       | 1         |
      | 3    | A     | ORDERED   | 2       | 1         |
    And the card has 3,000 won refundable, 2,000 won planned, nothing excluded and nothing refunded
    And A has 1 on hand, 0 held and 5 sold

  @S6.3 @S6.1
  Scenario: Three lanes take an order whole, or leave it
    Given there are three lanes
    And the goods:
      | goods | price | stock | lane |
      | A     | 1,000 | 5     | 0    |
      | B     | 2,000 | 5     | 1    |
      | C     | 3,000 | 1     | 2    |
    When the buyer orders 2 A, 2 B and 2 C, but is refused because insufficient_stock
    Then A has 5 on hand, 0 held and 0 sold
    And B has 5 on hand, 0 held and 0 sold
    When the buyer orders 2 A, 2 B and 1 C, paying 9,000 won by card
    Then B has 3 on hand, 0 held and 2 sold
    And C has 0 on hand, 0 held and 1 sold
    When the buyer cancels lines 1 and 3
    Then the card has 4,000 won refundable, 5,000 won planned, nothing excluded and nothing refunded
    And C has 1 on hand, 0 held and 1 sold

  @S6.3 @W9
  Scenario: Three lanes give what each of them has
    Given there are three lanes
    And the goods:
      | goods | price  | shipping | stock | lane |
      | A     | 10,000 | 1,000    | 5     | 0    |
      | B     | 20,000 | 1,000    | 5     | 1    |
      | C     | 30,000 | 1,000    | 1     | 2    |
    When the buyer orders 2 A, 2 B and 2 C, or what there is, paying 123,000 won by card
    Then the card has 93,000 won refundable, 30,000 won planned, nothing excluded and nothing refunded
    And C has 0 on hand, 0 held and 1 sold
    When the buyer orders 3 A, 3 B and 3 C, or what there is
    And the payment side approves 92,000 won by card
    Then the order is ORDERED
    And B has 0 on hand, 0 held and 5 sold
    When the buyer orders 1 A, 1 B and 1 C, or what there is, but is refused because sold_out
    Then A has 0 on hand, 0 held and 5 sold

  @W6 @W9 @G5.1
  Scenario: Over three lanes: a line cancelled, and a unit that was not there
    Given there are three lanes
    And the goods:
      | goods | price  | shipping | stock | lane |
      | A     | 10,000 | 1,000    | 5     | 0    |
      | B     | 20,000 | 1,000    | 5     | 1    |
      | C     | 30,000 | 1,000    | 5     | 2    |
    When the buyer orders 2 A, 2 B and 2 C, paying 123,000 won by card
    And the buyer cancels line 2
    And the seller finds 1 of line 3
    Then the card has 52,000 won refundable, 71,000 won planned, nothing excluded and nothing refunded
    And B has 5 on hand, 0 held and 2 sold
    And C has 3 on hand, 0 held and 2 sold
    When the buyer cancels lines 1 and 3
    Then the card has nothing refundable, 123,000 won planned, nothing excluded and nothing refunded
    And A has 5 on hand, 0 held and 2 sold
    And C has 4 on hand, 0 held and 2 sold
