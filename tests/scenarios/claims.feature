Feature: Claims as a shop meets them
  Fault is the shop's to judge, inspection has consequences, what comes short ends, exchanged goods come back, and gifts go
  where their goods go.

  Background:
    Given the goods:
      | goods | price  | shipping | gift | stock |
      | A     | 10,000 | 3,000    | no   | 10    |
      | B     | 10,000 |          | no   | 10    |
      | none  | 10,000 |          | no   | 0     |
      | G     | 1,000  |          | yes  | 10    |

  @G3.2 @G4.exchange
  Scenario: An exchange by pickup takes the gift along
    Given the buyer orders, paying 13,000 won by card:
      | goods | gift of line |
      | A     |              |
      | G     | 1            |
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    When the buyer asks to exchange 1 of line 1 because of a defect
    And the seller approves exchange 1 by pickup
    Then the returns are:
      | group | line | to collect |
      | 2     | 1    | yes        |
      | 2     | 2    | yes        |
    When the seller collects return 2
    And the seller completes return 2
    Then lines 1 and 2 are RETURNED
    And the order is RETURNED
    And G has 10 on hand, 0 held and 1 sold

  @G3.2 @G4.exchange @D15
  Scenario: An exchange for what is not there is refused, and the order stays as it was, gift and all
    Given the buyer orders, paying 13,000 won by card:
      | goods | gift of line |
      | A     |              |
      | G     | 1            |
    And the seller readies the order for shipping
    When the buyer asks to exchange 1 of line 1 for none because of a change of mind
    And the seller approves exchange 1 by adding a product, but is refused because insufficient_stock
    And the seller rejects exchange 1
    Then the order is PROCUREMENT_DONE
    And the card has 13,000 won refundable, nothing planned, nothing excluded and nothing refunded
    When the seller ships the order without a waybill
    Then G has 9 on hand, 0 held and 1 sold

  @G3.2 @G4.exchange
  Scenario: The line that an exchange added is lost: the original comes back with its gift, and the order says what to do
    Given the buyer orders, paying 13,000 won by card:
      | goods | gift of line |
      | A     |              |
      | G     | 1            |
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    When the buyer asks to exchange 1 of line 1 for B because of a change of mind
    And the seller approves exchange 1 by adding a product
    And the seller loses 1 of line 3
    Then the order is RETURNING
    When the seller collects return 2
    And the seller completes return 2
    Then lines 1 and 2 are RETURNED
    And the order is RETURNED
    And G has 10 on hand, 0 held and 1 sold

  @G4.return @G5.8
  Scenario: Whose fault it is, the shop judges
    Given the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    When the buyer asks to return 1 of line 1 as the seller's fault because of a change of mind, but is refused because invalid
    And the buyer asks to return 1 of line 1 because of a defect
    Then the card has 13,000 won refundable, 10,000 won planned, nothing excluded and nothing refunded
    When the seller approves return 1, judging the buyer at fault
    Then the card has 13,000 won refundable, 7,000 won planned, 3,000 won excluded and nothing refunded
    When the seller collects return 1
    And the seller completes return 1, judging the seller at fault
    Then the card has 13,000 won refundable, 10,000 won planned, nothing excluded and nothing refunded
    And the returns are:
      | fault  | state     | withheld |
      | SELLER | COMPLETED | 0        |

  @G4.return
  Scenario: Inspection keeps a part back, and what is not taken goes back to the buyer
    Given the buyer orders 3 A, paying 33,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to return 3 of line 1 because of a defect
    And the seller approves return 1
    And the seller collects return 1
    When the seller completes return 1, finding 2 sellable of line 1, 1 going back and 20,001 won kept back, but is refused because amount_mismatch
    And the seller completes return 1, finding 2 sellable of line 1, 1 going back and 4,000 won kept back
    Then the card has 13,000 won refundable, 16,000 won planned, 4,000 won excluded and nothing refunded
    And the returns are:
      | quantity | sellable | sent back | kept back | withheld |
      | 2        | 2        | 1         | 4,000     | 4,000    |
    And line 1 is SHIPPED
    And A has 9 on hand, 0 held and 3 sold

  @G4.return @G3.9
  Scenario: A return that comes short ends: what came is settled, the rest is withdrawn
    Given the buyer orders 3 A, paying 33,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to return 3 of line 1 because of a defect
    And the seller approves return 1
    And the seller collects 2 of line 1 for return 1
    When the buyer withdraws return 1, but is refused because illegal_transition
    And the buyer confirms the purchase, but is refused because illegal_transition
    And the buyer withdraws 1 of line 1 of return 1
    And the seller completes return 1
    Then the returns are:
      | quantity | collected | withdrawn | state     |
      | 2        | 2         | 1         | COMPLETED |
    And the card has 13,000 won refundable, 20,000 won planned, nothing excluded and nothing refunded
    And A has 9 on hand, 0 held and 3 sold

  @G4.return
  Scenario: What never comes though its money went is written off, or charged
    Given the buyer orders 3 A, paying 33,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to return 3 of line 1 because of a defect
    And the seller approves return 1, refunded before collection
    And the seller collects 2 of line 1 for return 1
    When the operator writes off what is out of return 1, charging 10,001 won, but is refused because amount_mismatch
    And the operator writes off what is out of return 1, charging 10,000 won
    And the seller completes return 1
    Then the returns are:
      | quantity | collected | written off | state     |
      | 3        | 2         | 1           | COMPLETED |
    And the order is RETURNED
    And A has 9 on hand, 0 held and 3 sold

  @G4.exchange
  Scenario: Exchanged goods come back before what they became gives money back
    Given the buyer orders 1 A, paying 13,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    When the buyer asks to exchange 1 of line 1 for B because of a change of mind
    And the seller approves exchange 1 by adding a product
    And the seller procures the order from own stock
    And the seller ships line 2 without a waybill
    And the buyer asks to return 1 of line 2 because of a defect
    And the seller approves return 2
    And the seller collects 1 of line 2 for return 2
    And the seller completes return 2
    Then the card has nothing refundable, 7,000 won planned, 6,000 won excluded and nothing refunded
    When the payment side confirms refund 1, but is refused because illegal_transition
    And the seller collects exchange 1
    And the seller inspects exchange 1
    And the payment side confirms refund 1
    Then A has 10 on hand, 0 held and 1 sold
    And B has 10 on hand, 0 held and 1 sold
    And the order is RETURNED

  @G4.exchange
  Scenario: A collection is waived with a reason, or written off
    Given the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to exchange 1 of line 1 for B because of a defect
    And the seller approves exchange 1 by adding B, waiving the collection
    When the seller collects exchange 1, but is refused because illegal_transition
    And the buyer asks to exchange 1 of line 1 for B because of a defect
    And the seller approves exchange 2 by adding B, judging the buyer at fault
    And the operator writes off what is out of exchange 2
    Then the fees are:
      | kind     | amount | unpaid |
      | ORDER    | 3,000  | no     |
      | EXCHANGE | 6,000  | yes    |
    And A has 8 on hand, 0 held and 2 sold

  @G4.exchange
  Scenario: A buyer withdraws an exchange
    Given the buyer orders 1 A, paying 13,000 won by card
    And the seller readies the order for shipping
    When the buyer asks to exchange 1 of line 1 because of a defect
    And the buyer withdraws exchange 1
    Then line 1 is PROCUREMENT_DONE
    And the exchanges are:
      | group | state     |
      | 1     | WITHDRAWN |
    When the seller approves exchange 1 by pickup, but is refused because illegal_transition

  @G4.exchange @G4.return
  Scenario: One of two exchanged, and then all returned in one return
    Given the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    When the buyer asks to exchange 1 of line 1 for B because of a defect
    And the seller approves exchange 1 by adding a product
    And the seller procures the order from own stock
    And the seller ships line 2 without a waybill
    And the buyer asks to return 1 of line 1 and 1 of line 2 because of a defect
    And the seller approves return 2
    And the seller collects return 2
    And the seller completes return 2
    Then lines 1 and 2 are RETURNED
    And the order is RETURNED
    And A has 10 on hand, 0 held and 2 sold

  @G4.exchange @D23
  Scenario: Part of what exchanged goods were paid is kept back, and settled with what the new ones give back
    Given the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to exchange 2 of line 1 for B because of a defect
    And the seller approves exchange 1 by adding a product
    And the seller collects exchange 1
    When the seller inspects exchange 1, finding 2 sellable of line 1, 0 going back and 20,001 won kept back, but is refused because amount_mismatch
    And the seller inspects exchange 1, finding 2 sellable of line 1, 0 going back and 4,000 won kept back
    Then the exchanges are:
      | group | state    | way back  | collected | sent back | kept back |
      | 1     | APPROVED | INSPECTED | 2         | 0         | 4,000     |
    And the fees are:
      | kind    | amount | reason  | unpaid |
      | ORDER   | 3,000  | CHARGED | no     |
      | DAMAGED | 4,000  | DAMAGED | yes    |
    And the orders are:
      | order | total  | due   |
      | o-1   | 27,000 | 4,000 |
    And the audit entries are:
      | kind       | reason |
      | INSPECTION | worn   |
    When the buyer asks to return 2 of line 2 because of a defect
    And the seller approves return 2
    Then the card has nothing refundable, 19,000 won planned, 4,000 won excluded and nothing refunded
    And the orders are:
      | order | total | due |
      | o-1   | 0     | 0   |

  @G4.exchange @D23
  Scenario: Goods that are not taken are not exchanged, while the new ones have not left
    Given the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to exchange 2 of line 1 for B because of a change of mind
    And the seller approves exchange 1 by adding a product
    And the seller procures the order from own stock
    And the seller collects exchange 1
    When the seller inspects exchange 1, finding 1 sellable of line 1, 1 going back and nothing kept back
    Then the lines are:
      | line | goods | status           | cancelled | exchanged | paid       |
      | 1    | A     | SHIPPED          | 0         | 1         | 10,000 won |
      | 2    | B     | PROCUREMENT_DONE | 1         | 0         | 10,000 won |
    And the exchanges are:
      | group | state    | quantity | moved      | way back  | sent back |
      | 1     | APPROVED | 1        | 10,000 won | INSPECTED | 1         |
    And the cancellations are:
      | line | quantity | amount  | reason            |
      | 2    | 1        | 0       | EXCHANGE_REJECTED |
    And A has 9 on hand, 0 held and 2 sold
    And 1 of A came back, and 1 are sold net
    And B has 9 on hand, 0 held and 2 sold
    And 1 of B came back, and 1 are sold net
    When the seller ships line 2 without a waybill
    And the seller forces the delivery because "it was handed over"
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED
    And the exchanges are:
      | group | state     |
      | 1     | COMPLETED |

  @G4.exchange @D23
  Scenario: Where nothing is taken the exchange is rejected, and its fee that was paid goes back
    Given the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to exchange 2 of line 1 for B because of a change of mind
    And the seller approves exchange 1 by adding a product
    And the payment side approves 6,000 won by card
    And the seller collects exchange 1
    When the seller inspects exchange 1, finding 0 sellable of line 1, 2 going back and nothing kept back
    Then the answer plans refund 1
    And the exchanges are:
      | group | state    | sent back |
      | 1     | REJECTED | 2         |
    And the lines are:
      | line | status    | exchange accepted | exchanged | paid       |
      | 1    | SHIPPED   | 0                 | 0         | 20,000 won |
      | 2    | CANCELLED | 0                 | 0         | 0          |
    And the order is SHIPPED
    And the refunds are:
      | refund | state   | method | planned   |
      | 1      | PLANNED | CARD   | 6,000 won |
    And 2 of B came back, and 0 are sold net
    When the seller inspects exchange 1, but is refused because illegal_transition
    And the seller forces the delivery because "it was handed over"
    And the buyer confirms the purchase
    Then the order is PURCHASE_CONFIRMED

  @G4.exchange @D23
  Scenario: Once the new goods have left, the buyer has both, and is charged at most what they were paid
    Given the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to exchange 2 of line 1 for B because of a defect
    And the seller approves exchange 1 by adding a product
    And the seller procures the order from own stock
    And the seller ships line 2 without a waybill
    And the seller collects exchange 1
    When the seller inspects exchange 1, finding 1 sellable of line 1, 1 going back and 10,000 won kept back
    Then the lines are:
      | line | status     | exchanged |
      | 1    | EXCHANGING | 2         |
      | 2    | SHIPPED    | 0         |
    And the orders are:
      | order | total  | due    |
      | o-1   | 33,000 | 10,000 |
    And 1 of A came back, and 1 are sold net
    And B has 8 on hand, 0 held and 2 sold

  @G4.exchange @D23
  Scenario: Inspection corrects whose fault an exchange is, and its fee follows
    Given the buyer orders 2 A, paying 23,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to exchange 1 of line 1 for B because of a change of mind
    And the seller approves exchange 1 by adding a product
    And the seller collects exchange 1
    And the buyer asks to exchange 1 of line 1 for B because of a defect
    And the seller approves exchange 2 by adding a product
    And the seller collects exchange 2
    When the seller inspects exchange 1, judging the seller at fault
    And the seller inspects exchange 2, judging the buyer at fault
    Then the exchanges are:
      | group | fault  | way back  |
      | 1     | SELLER | INSPECTED |
      | 2     | BUYER  | INSPECTED |
    And the fees are:
      | kind     | amount | given back | unpaid |
      | ORDER    | 3,000  | 0          | no     |
      | EXCHANGE | 6,000  | 6,000      | yes    |
      | EXCHANGE | 6,000  | 0          | yes    |
    And the audit entries are:
      | kind            | reason |
      | FAULT_CORRECTED | SELLER |
      | FAULT_CORRECTED | BUYER  |

  @G4.exchange @D23
  Scenario: Over lanes, what was to replace goods that are not taken goes back to where it came from
    Given there are three lanes
    And the goods:
      | goods | price  | stock | lane |
      | X     | 10,000 | 5     | 1    |
      | Y     | 10,000 | 5     | 2    |
    And the buyer orders 2 X, paying 20,000 won by card
    And the seller readies the order for shipping
    And the seller ships the order without a waybill
    And the buyer asks to exchange 2 of line 1 for Y because of a defect
    And the seller approves exchange 1 by adding a product
    And the seller collects exchange 1
    When the seller inspects exchange 1, finding 1 sellable of line 1, 1 going back and 5,000 won kept back
    Then the exchanges are:
      | group | state    | quantity | sent back | kept back |
      | 1     | APPROVED | 1        | 1         | 5,000     |
    And X has 4 on hand, 0 held and 2 sold
    And Y has 4 on hand, 0 held and 2 sold
    And the orders are:
      | order | total  | due   |
      | o-1   | 25,000 | 5,000 |
